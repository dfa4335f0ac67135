package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.InsReport;
import org.ringfence.api.gateway.LatencyReport;
import org.ringfence.api.gateway.PauseReport;
import org.ringfence.api.gateway.RingReport;
import org.ringfence.api.gateway.ServiceReport;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/**
 * Answers administrators: the event loop copies what is asked for between two turns, a slice at a time, and the thread that asked turns
 * it into text.
 */
@Component(service = Gateway.class, immediate = true)
public final class Reports implements Gateway {
    private static final long ANSWER_MILLISECONDS = 5000;
    /** Rows of the connection table that are copied in one turn: some 50 microseconds. */
    private static final int SLICE = 256;

    private final EventLoop loop;
    private final ServicesInCharge services;

    @Activate
    public Reports(@Reference GatewayComponent gateway) {
        this(gateway.loop(), gateway.services());
    }

    Reports(EventLoop loop, ServicesInCharge services) {
        this.loop = loop;
        this.services = services;
    }

    private <T> T ask(Supplier<T> question) {
        try {
            return loop.await(question, ANSWER_MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage() + ": 'ringfence logs' may say why", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public List<ApplicationReport> applications() {
        return ask(() -> loop.applications().stream().map(link -> {
            int listeners = 0;
            for (RelayedSocket socket : link.sockets) {
                listeners += socket != null && (socket.phase == Phase.LISTENING || socket.phase == Phase.REOPENING) ? 1 : 0;
            }
            return new ApplicationReport(link.region.id(), link.name, link.region.pid(), link.region.openSlots(), listeners,
                    connected(link.sockets), link.callRate.perSecond(), link.bytesInPerSecond, link.bytesOutPerSecond);
        }).toList());
    }

    private static int connected(RelayedSocket[] sockets) {
        int connected = 0;
        for (RelayedSocket socket : sockets) {
            connected += socket != null && socket.phase == Phase.CONNECTED ? 1 : 0;
        }
        return connected;
    }

    @Override
    public List<InsReport> inss() {
        return ask(() -> loop.inss().stream().map(link -> new InsReport(link.region.id(), link.region.pid(), link.region.abi(),
                link.region.openSlots(), connected(link.sockets), link.bytesInPerSecond, link.bytesOutPerSecond,
                link.silentNanoseconds() / 1_000_000, link.region.name())).toList());
    }

    private List<ConnectionSnapshot> snapshots() {
        List<ConnectionSnapshot> all = new ArrayList<>(ask(() -> loop.ledger().ended()));
        int rows = ask(() -> loop.socketCount());
        for (int from = 0; from < rows; from += SLICE) {
            int slice = from;
            all.addAll(ask(() -> loop.ledger().open(slice, slice + SLICE)));
        }
        all.sort(Comparator.comparingLong(ConnectionSnapshot::id));
        return all;
    }

    @Override
    public List<ConnectionReport> connections() {
        return snapshots().stream().map(ConnectionSnapshot::report).toList();
    }

    @Override
    public Optional<ConnectionDetail> connection(long id) {
        // one that ended between two slices may be there twice: the later word counts
        return snapshots().stream().filter(snapshot -> snapshot.id() == id).reduce((first, last) -> last).map(ConnectionSnapshot::detail);
    }

    @Override
    public List<CallReport> trace(int limit) {
        return CallTrace.report(ask(() -> loop.trace().last(limit)));
    }

    @Override
    public List<CallReport> answeredAfter(long completion) {
        return CallTrace.report(ask(() -> loop.trace().answeredAfter(completion)));
    }

    @Override
    public long calls() {
        return ask(() -> loop.trace().calls());
    }

    @Override
    public long answers() {
        return ask(() -> loop.trace().answers());
    }

    @Override
    public List<RingReport> rings() {
        return ask(() -> {
            List<RingReport> reports = new ArrayList<>();
            loop.applications().forEach(link -> reports.add(new RingReport(link.region.id(), "application", link.name,
                    link.region.pid(), link.region.usage(), link.sent.perSecond(), link.received.perSecond())));
            loop.inss().forEach(link -> reports.add(new RingReport(link.region.id(), "ins", link.region.name(), link.region.pid(),
                    link.region.usage(), link.sent.perSecond(), link.received.perSecond())));
            return reports;
        });
    }

    @Override
    public List<LatencyReport> latencies() {
        List<LatencyReport> all = new ArrayList<>(ask(() -> loop.pauses().latencies()));
        all.addAll(ask(() -> loop.stages().copy()).report());
        return all;
    }

    @Override
    public List<ServiceReport> services() {
        return services.report();
    }

    @Override
    public List<PolicyReport> policies() {
        PolicyChain chain = services.policies();
        return chain == null ? List.of() : chain.report();
    }

    @Override
    public List<PauseReport> pauses() {
        return ask(() -> loop.pauses().report());
    }

    @Override
    public void resetPauses() {
        act(() -> loop.pauses().reset());
    }

    @Override
    public void reset(long id) {
        act(() -> loop.intervention().reset(id));
    }

    @Override
    public void hold(long id) {
        act(() -> loop.intervention().hold(id));
    }

    @Override
    public void release(long id) {
        act(() -> loop.intervention().release(id));
    }

    private void act(Runnable action) {
        ask(() -> {
            action.run();
            return null;
        });
    }
}
