package org.ringfence.gateway.swap;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.ringfence.api.gateway.BundleSwap.Failed;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.ServiceReport;
import org.ringfence.api.handover.Trial;
import org.ringfence.api.policy.PolicyReport;

/** Whether one bundle has taken over all that another one did: its roles in the gateway, and its policies in the chain. */
final class Takeover {
    private static final String POLICY = "policy ";

    private final Gateway gateway;
    private final Supplier<ServiceComponentRuntime> components;
    private final Bundle next;
    private final Set<String> wanted = new TreeSet<>();

    /** @param components null if nobody can tell of components */
    Takeover(Gateway gateway, Supplier<ServiceComponentRuntime> components, Bundle former, Bundle next) {
        this.gateway = gateway;
        this.components = components;
        this.next = next;
        for (ServiceReport service : gateway.services()) {
            if (service.bundle() == former.getBundleId() && !service.state().equals("rejected")) {
                wanted.add(service.role());
            }
        }
        for (PolicyReport policy : gateway.policies()) {
            if (policy.bundle() == former.getBundleId()) {
                wanted.add(POLICY + policy.name());
            }
        }
    }

    /** What the former one does, or did. */
    Set<String> wanted() {
        return wanted;
    }

    /**
     * What the next one has not taken over yet; empty when it has all.
     *
     * @throws Failed if it never will
     */
    Set<String> missing() throws Failed {
        Set<String> missing = new TreeSet<>(wanted);
        for (ServiceReport service : gateway.services()) {
            if (service.bundle() == next.getBundleId()) {
                if (service.state().equals("rejected")) {
                    throw new Failed(service.role() + ": " + service.problem());
                }
                if (service.state().equals("in charge")) {
                    missing.remove(service.role());
                }
            }
        }
        for (PolicyReport policy : gateway.policies()) {
            if (policy.bundle() == next.getBundleId()) {
                if (!policy.problem().isEmpty()) {
                    throw new Failed(POLICY + policy.name() + ": " + policy.problem());
                }
                if (policy.state().equals("asked")) {
                    missing.remove(POLICY + policy.name());
                }
            }
        }
        failedComponents();
        return missing;
    }

    private void failedComponents() throws Failed {
        ServiceComponentRuntime runtime = components.get();
        if (runtime == null) {
            return;
        }
        for (ComponentDescriptionDTO description : runtime.getComponentDescriptionDTOs(next)) {
            for (ComponentConfigurationDTO configuration : runtime.getComponentConfigurationDTOs(description)) {
                if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
                    throw new Failed(description.name + " throws on activation: " + cause(configuration.failure));
                }
            }
        }
    }

    /** The last "Caused by" of a stack trace, or its first line. */
    private static String cause(String failure) {
        if (failure == null) {
            return "it does not say what";
        }
        String line = failure.lines().findFirst().orElse("");
        for (String each : failure.lines().toList()) {
            line = each.startsWith("Caused by: ") ? each.substring("Caused by: ".length()) : line;
        }
        return line;
    }

    /** Why something is still missing: components whose references are unsatisfied. */
    String reason(Set<String> missing) {
        ServiceComponentRuntime runtime = components.get();
        String unsatisfied = runtime == null ? "" : runtime.getComponentDescriptionDTOs(next).stream()
                .flatMap(description -> runtime.getComponentConfigurationDTOs(description).stream())
                .filter(configuration -> configuration.unsatisfiedReferences.length > 0)
                .map(configuration -> configuration.description.name + " has no " + List.of(configuration.unsatisfiedReferences).stream()
                        .map(reference -> reference.name).collect(Collectors.joining(", ")))
                .collect(Collectors.joining("; "));
        return "it has not taken over " + String.join(", ", missing) + (unsatisfied.isEmpty() ? "" : ": " + unsatisfied);
    }

    static String oneLine(Throwable e) {
        return Trial.oneLine(e);
    }
}
