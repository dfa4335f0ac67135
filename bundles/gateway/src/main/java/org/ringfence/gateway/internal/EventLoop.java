package org.ringfence.gateway.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's one thread: takes calls, answers and news from all regions, then ends the turn in the transport, where it sleeps when there
 * is nothing to do. Everything below runs on it; other threads hand it work with {@link #ask}.
 */
final class EventLoop implements TransportListener, Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    /** Items of each kind taken from a region in one turn, so that nobody waits long for the others. */
    private static final int BATCH = 256;
    private static final int TICK_MILLISECONDS = 1000;
    private static final long WAITING_NANOSECONDS = 1_000_000;

    private final TurnServices services;
    private final Runnable insChanged;
    private final long failClosedNanoseconds;
    private final TransportSession session;
    private final SocketTable table;
    private final Ledger ledger;
    private final ByteRelay bytes;
    private final CallTrace trace = new CallTrace();
    private final Acceptor acceptor;
    private final CallRelay calls;
    private final AnswerRelay answers;
    private final Thread thread;

    private ApplicationLink[] applications = {};
    private InsLink[] inss = {};
    private final Call call = new Call();
    private final Answer answer = new Answer();
    private final ConcurrentLinkedQueue<Runnable> asked = new ConcurrentLinkedQueue<>();
    private volatile boolean stopping;
    private long policiesMissingSince;
    private long lastTick = System.nanoTime();

    /**
     * @param insChanged called on the event loop whenever an INS attached or detached
     * @param failClosedMilliseconds how long what needs a verdict waits for a policy chain before it is refused
     */
    EventLoop(Transport transport, Path state, Services present, long failClosedMilliseconds, Runnable insChanged) throws IOException {
        services = new TurnServices(present);
        this.insChanged = insChanged;
        failClosedNanoseconds = failClosedMilliseconds * 1_000_000;
        session = transport.open(state, this);
        table = new SocketTable(session);
        ledger = new Ledger(table, services);
        bytes = new ByteRelay(session, services, ledger);
        acceptor = new Acceptor(services, table, ledger, bytes, trace);
        calls = new CallRelay(session, services, table, ledger, bytes, trace, this::chooseIns);
        answers = new AnswerRelay(services, ledger, bytes, acceptor, trace);
        thread = new Thread(this, "ringfence-loop");
    }

    void start() {
        thread.start();
    }

    @Override
    public void run() {
        while (!stopping) {
            try {
                turn();
            } catch (Exception | LinkageError | StackOverflowError e) {
                // One turn is lost, the connections are not; a fault that repeats must not fill the disk.
                LOG.error("event loop: a turn failed", e);
                pause();
            }
        }
        session.close();
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void turn() {
        services.begin();
        for (Runnable task; (task = asked.poll()) != null; ) {
            task.run();
        }
        boolean judging = canJudge();
        for (InsLink ins : inss) {
            takeFrom(ins, judging);
        }
        for (ApplicationLink application : applications) {
            takeFrom(application, judging);
        }
        acceptor.replenishStarved();
        if (!judging) {
            LockSupport.parkNanos(WAITING_NANOSECONDS); // there is work, so that the turn would not sleep, but it must wait
        }
        session.turn(TICK_MILLISECONDS);
        tick();
    }

    /** False while what needs a verdict has to wait: no chain, or no translator, is there, and has not been missing for long. */
    private boolean canJudge() {
        if (services.policies() != null && translatorsPresent()) {
            policiesMissingSince = 0;
            return true;
        }
        long now = System.nanoTime();
        if (policiesMissingSince == 0) {
            policiesMissingSince = now;
        }
        return now - policiesMissingSince > failClosedNanoseconds;
    }

    private boolean translatorsPresent() {
        for (InsLink ins : inss) {
            if (services.translator(ins.region.abi()) == null) {
                return false;
            }
        }
        return true;
    }

    private void takeFrom(InsLink ins, boolean judging) {
        if (ins.hasWaiting()) {
            ins.sendWaiting();
        }
        if (judging) {
            PendingCall pending;
            for (int i = 0; i < BATCH && session.hasRoom() && (pending = ins.takeAnswer(answer)) != null; i++) {
                answers.answer(ins, pending, answer);
            }
        }
        for (int i = 0, slot; i < BATCH && session.hasRoom() && (slot = ins.region.takePending()) >= 0; i++) {
            bytes.newsFromIns(ins, slot);
        }
    }

    private void takeFrom(ApplicationLink application, boolean judging) {
        try {
            if (judging) {
                for (int i = 0; i < BATCH && session.hasRoom() && application.region.takeCall(call); i++) {
                    calls.call(application, call);
                }
            }
            for (int i = 0, slot; i < BATCH && session.hasRoom() && (slot = application.region.takePending()) >= 0; i++) {
                bytes.newsFromApplication(application, slot);
            }
        } catch (ProtocolViolation violation) {
            session.detach(violation.region(), violation.getMessage());
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (now - lastTick >= TICK_MILLISECONDS * 1_000_000L) {
            lastTick = now;
            bytes.tick(table, now);
        }
    }

    private InsLink chooseIns() {
        return inss.length == 0 ? null : inss[0];
    }

    // ---- who comes and goes ----

    @Override
    public void attached(ApplicationRegion region) {
        applications = java.util.Arrays.copyOf(applications, applications.length + 1);
        applications[applications.length - 1] = new ApplicationLink(region);
        LOG.info("region {}: application '{}' (pid {}) attached", region.id(), region.name(), region.pid());
    }

    @Override
    public void detached(ApplicationRegion region) {
        ApplicationLink link = find(region);
        applications = java.util.Arrays.stream(applications).filter(a -> a != link).toArray(ApplicationLink[]::new);
        for (InsLink ins : inss) {
            ins.forget(link);
        }
        for (RelayedSocket socket : link.sockets) {
            if (socket != null) {
                bytes.abandon(socket);
            }
        }
        LOG.info("region {}: application '{}' (pid {}) detached", region.id(), region.name(), region.pid());
    }

    private ApplicationLink find(ApplicationRegion region) {
        for (ApplicationLink application : applications) {
            if (application.region == region) {
                return application;
            }
        }
        throw new IllegalStateException("region " + region.id() + " is not attached");
    }

    @Override
    public void closed(ApplicationRegion region, int slot) {
        RelayedSocket socket = find(region).sockets[slot];
        if (socket == null) {
            region.freeSlot(slot);
        } else {
            bytes.closed(socket);
        }
    }

    @Override
    public void attached(InsRegion region) {
        inss = java.util.Arrays.copyOf(inss, inss.length + 1);
        inss[inss.length - 1] = new InsLink(region);
        LOG.info("region {}: INS (pid {}, abi {}) attached", region.id(), region.pid(), region.abi());
        insChanged.run();
    }

    @Override
    public void detached(InsRegion region) {
        InsLink link = java.util.Arrays.stream(inss).filter(i -> i.region == region).findFirst().orElseThrow();
        inss = java.util.Arrays.stream(inss).filter(i -> i != link).toArray(InsLink[]::new);
        int lost = 0;
        link.abandon(pending -> {
            if (pending.application != null && pending.applicationCell >= 0) {
                pending.application.region.answer(pending.applicationCell, pending.applicationCall, answer.set(Errno.ENETDOWN, -1));
            }
        });
        for (RelayedSocket socket : table.rows()) {
            if (socket.phase != Phase.FREE && socket.ins == link) {
                lost++;
                bytes.insGone(socket);
            }
        }
        LOG.warn("region {}: INS (pid {}) detached; {} sockets are lost", region.id(), region.pid(), lost);
        insChanged.run();
    }

    // ---- questions from other threads ----

    /** Runs a question on the event loop; its answer, or its exception, comes as the future's. */
    <T> CompletableFuture<T> ask(Supplier<T> question) {
        CompletableFuture<T> future = new CompletableFuture<>();
        asked.add(() -> {
            try {
                future.complete(question.get());
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        });
        session.wake();
        return future;
    }

    List<ApplicationLink> applications() {
        return List.of(applications);
    }

    List<InsLink> inss() {
        return List.of(inss);
    }

    List<RelayedSocket> sockets() {
        return new ArrayList<>(table.rows());
    }

    Ledger ledger() {
        return ledger;
    }

    CallTrace trace() {
        return trace;
    }

    /** Connections reset since the start because no slot or record was left. */
    long connectionsWithoutSlot() {
        return acceptor.withoutSlot();
    }

    /** Ends the loop: applications see their connections reset. Waits for it. */
    @Override
    public void close() {
        stopping = true;
        session.wake();
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
