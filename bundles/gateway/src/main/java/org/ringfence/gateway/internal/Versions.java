package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.gateway.ServiceReport;
import org.ringfence.api.handover.Trial;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The versions of one service. The newest that passed its trial is in charge; when it goes, the one before it is again. Its methods are called
 * by the threads that bring and take services; whoever reads {@link #inCharge} may be any.
 */
final class Versions<T> {
    private static final Logger LOG = LoggerFactory.getLogger(Versions.class);

    /** From which bundle a service is. */
    record Origin(long bundle, String name, String version) {
        @Override
        public String toString() {
            return name + " " + version + " (bundle " + bundle + ")";
        }
    }

    /** What is done to put a version in charge: it throws what is wrong with it, and then the present one stays. */
    interface Handover<T> {
        /**
         * @param next null: nobody is left
         * @param present null if there is none
         */
        void accept(T next, T present) throws Exception;
    }

    private static final class Version<T> {
        final T service;
        final Origin origin;
        String problem = "";

        Version(T service, Origin origin) {
            this.service = service;
            this.origin = origin;
        }
    }

    private final String role;
    private final Handover<T> handover;
    private final List<Version<T>> versions = new ArrayList<>();
    private volatile Version<T> present;

    Versions(String role, Handover<T> handover) {
        this.role = role;
        this.handover = handover;
    }

    T inCharge() {
        Version<T> version = present;
        return version == null ? null : version.service;
    }

    synchronized void add(T service, Origin origin) {
        Version<T> version = new Version<>(service, origin);
        versions.add(version);
        Version<T> before = present;
        if (install(version) && before != null) {
            LOG.info("{}: {} has taken over from {}", role, origin, before.origin);
        }
    }

    private boolean install(Version<T> version) {
        try {
            handover.accept(version.service, inCharge());
            present = version;
            return true;
        } catch (Exception | LinkageError e) {
            version.problem = e instanceof Trial.Failed ? e.getMessage() : Trial.oneLine(e);
            LOG.error("{}: {} is rejected: {}; {}", role, version.origin, version.problem,
                    present == null ? "nothing is in charge" : present.origin + " stays in charge");
            return false;
        }
    }

    synchronized void remove(T service) {
        versions.removeIf(version -> version.service == service);
        if (inCharge() != service) {
            return;
        }
        for (int i = versions.size() - 1; i >= 0; i--) {
            Version<T> version = versions.get(i);
            if (version.problem.isEmpty() && install(version)) {
                LOG.info("{}: {} is in charge again", role, version.origin);
                return;
            }
        }
        try {
            handover.accept(null, service);
        } catch (Exception | LinkageError e) {
            LOG.error("{}: its end: {}", role, Trial.oneLine(e));
        }
        present = null;
        LOG.info("{}: nothing is in charge", role);
    }

    synchronized List<ServiceReport> report() {
        return versions.stream().map(version -> new ServiceReport(role, version.origin.bundle, version.origin.name, version.origin.version,
                version == present ? "in charge" : version.problem.isEmpty() ? "standby" : "rejected", version.problem)).toList();
    }
}
