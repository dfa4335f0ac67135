package org.ringfence.gateway.internal;

import java.util.Arrays;
import org.ringfence.api.call.Answer;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is attached: applications and INSs come and go, and their sockets with them. Event loop's thread only. */
final class Links implements TransportListener {
    private static final Logger LOG = LoggerFactory.getLogger(Links.class);

    /** So long an INS that is gone may take to be there again before its listeners go to another one. */
    private static final long REPLACED_NANOSECONDS = 5_000_000_000L;

    private final SocketTable table;
    private final ByteRelay bytes;
    private final Endings endings;
    private final Sweep sweep;
    private final Reopening reopening;
    private final Stages stages;
    private final Runnable insChanged;
    private final Answer answer = new Answer();

    private ApplicationLink[] applications = {};
    private InsLink[] inss = {};

    Links(SocketTable table, ByteRelay bytes, Endings endings, Sweep sweep, Reopening reopening, Stages stages, Runnable insChanged) {
        this.table = table;
        this.bytes = bytes;
        this.endings = endings;
        this.sweep = sweep;
        this.reopening = reopening;
        this.stages = stages;
        this.insChanged = insChanged;
    }

    /** Those of now: whoever comes or goes leaves the array as it is. */
    ApplicationLink[] applications() {
        return applications;
    }

    /** As {@link #applications}. */
    InsLink[] inss() {
        return inss;
    }

    /** Another version of the transport has regions of its own for the same peers. */
    void goOnWith(TransportSession session) {
        for (ApplicationRegion region : session.applications()) {
            find(region.id()).region = region;
        }
        for (InsRegion region : session.inss()) {
            Arrays.stream(inss).filter(ins -> ins.region.id() == region.id()).findFirst().orElseThrow().region = region;
        }
    }

    /**
     * Where its other sockets are; else the INS it was started for, or the one with the fewest sockets. An application with listeners that are to be opened
     * again is to be where they were, if that INS is there again within some seconds. Null: none, or not yet.
     */
    InsLink chooseIns(ApplicationLink application) {
        if (application.ins == null && reopening.hasListenersOf(application)) {
            application.ins = find(application.lostIns);
            if (application.ins == null && System.nanoTime() - application.lostAt < REPLACED_NANOSECONDS) {
                return null;
            }
        }
        if (application.ins == null) {
            for (InsLink ins : inss) {
                boolean wanted = application.wish == null || application.wish.equals(ins.region.name());
                if (wanted && (application.ins == null || ins.region.openSlots() < application.ins.region.openSlots())) {
                    application.ins = ins;
                }
            }
        }
        return application.ins;
    }

    private InsLink find(String name) {
        for (InsLink ins : inss) {
            if (ins.region.name().equals(name)) {
                return ins;
            }
        }
        return null;
    }

    @Override
    public void attached(ApplicationRegion region) {
        applications = Arrays.copyOf(applications, applications.length + 1);
        applications[applications.length - 1] = new ApplicationLink(region);
        LOG.info("region {}: application '{}' (pid {}) attached", region.id(), region.name(), region.pid());
    }

    @Override
    public void detached(ApplicationRegion region) {
        ApplicationLink link = find(region);
        applications = Arrays.stream(applications).filter(a -> a != link).toArray(ApplicationLink[]::new);
        for (InsLink ins : inss) {
            ins.forget(link);
        }
        sweep.listenersEnd(link);
        for (RelayedSocket socket : link.sockets) {
            if (socket != null) {
                endings.abandon(socket);
            }
        }
        LOG.info("region {}: application '{}' (pid {}) detached", region.id(), region.name(), region.pid());
    }

    private ApplicationLink find(ApplicationRegion region) {
        return find(region.id());
    }

    private ApplicationLink find(int region) {
        for (ApplicationLink application : applications) {
            if (application.region.id() == region) {
                return application;
            }
        }
        throw new IllegalStateException("region " + region + " is not attached");
    }

    @Override
    public void closed(ApplicationRegion region, int slot) {
        RelayedSocket socket = find(region).sockets[slot];
        if (socket == null) {
            region.freeSlot(slot);
        } else {
            if (socket.listening != null) {
                sweep.listenerEnds(socket.listening);
            }
            bytes.closed(socket);
        }
    }

    @Override
    public void attached(InsRegion region) {
        inss = Arrays.copyOf(inss, inss.length + 1);
        inss[inss.length - 1] = new InsLink(region, stages);
        LOG.info("region {}: INS '{}' (pid {}, abi {}) attached", region.id(), region.name(), region.pid(), region.abi());
        insChanged.run();
    }

    /** True of a listener that its program has neither closed nor shut down. */
    private static boolean listens(RelayedSocket socket) {
        return (socket.phase == Phase.LISTENING || socket.phase == Phase.REOPENING) && !socket.closing && !socket.inputShut;
    }

    @Override
    public void detached(InsRegion region) {
        InsLink link = Arrays.stream(inss).filter(i -> i.region == region).findFirst().orElseThrow();
        inss = Arrays.stream(inss).filter(i -> i != link).toArray(InsLink[]::new);
        for (ApplicationLink application : applications) {
            if (application.ins == link) {
                application.loses(link);
            }
        }
        int lost = 0;
        link.abandon(pending -> {
            if (pending.application != null && pending.applicationCell >= 0) {
                pending.application.region.answer(pending.applicationCell, pending.applicationCall, answer.set(Errno.ENETDOWN, -1));
            }
        });
        int listeners = 0;
        for (RelayedSocket socket : table.rows()) {
            if (socket.phase != Phase.FREE && socket.ins == link) {
                if (listens(socket)) {
                    reopening.lost(socket);
                    listeners++;
                } else {
                    endings.insGone(socket);
                    lost++;
                }
            }
        }
        LOG.warn("region {}: INS (pid {}) detached; lost connections and other sockets: {}; listeners to be opened at the next: {}", region.id(), region.pid(),
                lost, listeners);
        insChanged.run();
    }
}
