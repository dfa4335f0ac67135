package org.ringfence.gateway.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.gateway.ServiceReport;
import org.ringfence.api.handover.Trial;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.TrialConnection;
import org.ringfence.api.transport.Transport;
import org.ringfence.gateway.internal.Versions.Origin;

/**
 * The translators, policy chains and transports that come and go, and the way a new version takes over: it is tried first, then exchanged
 * between two turns of the event loop.
 */
final class ServicesInCharge implements Services {
    /** The loop answers within a turn; longer only while a trial on it lasts. */
    private static final long LOOP_MILLISECONDS = 10_000;

    private final Path state;
    private final long patience;
    private volatile EventLoop loop;
    private final Map<String, Versions<CallTranslator>> translators = new ConcurrentHashMap<>();
    private final Versions<PolicyChain> policies = new Versions<>("policies", this::exchangePolicies);
    private final Versions<Transport> transports = new Versions<>("transport", this::exchangeTransport);

    ServicesInCharge(Path state) {
        this(state, LOOP_MILLISECONDS);
    }

    /** @param patience milliseconds after which what the loop has not begun to do is given up */
    ServicesInCharge(Path state, long patience) {
        this.state = state;
        this.patience = patience;
    }

    /** Before any transport or policy chain comes. */
    void serve(EventLoop eventLoop) {
        loop = eventLoop;
    }

    @Override
    public CallTranslator translator(String abi) {
        Versions<CallTranslator> versions = translators.get(abi);
        return versions == null ? null : versions.inCharge();
    }

    @Override
    public PolicyChain policies() {
        return policies.inCharge();
    }

    void add(CallTranslator translator, String abi, Origin origin) {
        translators.computeIfAbsent(abi, a -> new Versions<>("translator " + a, this::exchangeTranslator)).add(translator, origin);
    }

    void remove(CallTranslator translator, String abi) {
        translators.get(abi).remove(translator);
    }

    void add(PolicyChain chain, Origin origin) {
        policies.add(chain, origin);
    }

    void remove(PolicyChain chain) {
        policies.remove(chain);
    }

    void add(Transport transport, Origin origin) {
        transports.add(transport, origin);
    }

    void remove(Transport transport) {
        transports.remove(transport);
    }

    List<ServiceReport> report() {
        List<ServiceReport> reports = new ArrayList<>(transports.report());
        translators.values().forEach(versions -> reports.addAll(versions.report()));
        reports.addAll(policies.report());
        return reports;
    }

    // ---- how a version takes over ----

    private void exchangeTranslator(CallTranslator next, CallTranslator present) throws Exception {
        if (next != null) {
            Trial.run("translating", () -> TranslatorTrial.run(next));
            Preload.classesBeside(next);
            swapped(present);
        }
    }

    private void exchangePolicies(PolicyChain next, PolicyChain present) throws Exception {
        if (next != null) {
            Trial.run("judging", () -> next.admit(TrialConnection.INSTANCE)); // which asks no policy: the present chain may be asking it
            Preload.classesBeside(next);
            swapped(present);
        }
    }

    private void exchangeTransport(Transport next, Transport present) throws Exception {
        if (next == null) {
            if (!loop.hasEnded()) { // else the gateway ends as well, and the loop has closed the present one
                onLoop(() -> {
                    loop.park();
                    return null;
                });
            }
            return;
        }
        if (present != null) {
            Trial.run("opening a transport", () -> openAndClose(next));
            Preload.classesBeside(next);
        }
        onLoop(() -> {
            loop.takeOver(next);
            loop.pauses().swapped();
            return null;
        });
    }

    /** A session of its own in a directory of its own: what it cannot do there it cannot do with the regions in use. */
    private Void openAndClose(Transport transport) throws IOException {
        Path directory = Files.createTempDirectory(state, "trial");
        try (var session = transport.open(directory, new SilentListener())) {
            session.turn(0);
        } finally {
            try (var files = Files.list(directory)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        }
        return null;
    }

    private void swapped(Object present) {
        if (present != null) {
            loop.ask(() -> {
                loop.pauses().swapped();
                return null;
            });
        }
    }

    private void onLoop(Callable<?> task) throws Exception {
        try {
            loop.await(() -> {
                try {
                    return task.call();
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new Wrapped(e);
                }
            }, patience);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof Wrapped wrapped ? wrapped.getCause() : e.getCause();
            if (cause instanceof Exception exception) {
                throw exception;
            }
            throw new IllegalStateException(cause);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static final class Wrapped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Wrapped(Exception cause) {
            super(cause);
        }
    }
}
