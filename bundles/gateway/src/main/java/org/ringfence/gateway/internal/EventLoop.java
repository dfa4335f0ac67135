package org.ringfence.gateway.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.ringfence.gateway.internal.Stages.Stage;
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
    private final Path state;
    private volatile Settings settings;
    private final CurrentSession session = new CurrentSession();
    /** What the transport knew when it was taken away, until the next one comes. */
    private HandoverState parked;
    private final PauseMeter pauses = new PauseMeter();
    private final SocketTable table;
    private final Ledger ledger;
    private final Gatekeeper gatekeeper;
    private final ByteRelay bytes;
    private final Endings endings;
    private final Sweep sweep;
    private final StackWatch stackWatch = new StackWatch();
    private final Stages stages = new Stages();
    private final CallTrace trace = new CallTrace(stages);
    private final Intervention intervention;
    private final Rates rates = new Rates();
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
    /** Set when nobody is there any more to answer. */
    private volatile boolean ended;
    private long policiesMissingSince;
    /** Calls, answers and pieces of news taken. */
    private long done;
    private long lastTick = System.nanoTime();

    /**
     * @param insChanged called on the event loop whenever an INS attached or detached
     */
    EventLoop(Path state, Services present, Settings settings, Runnable insChanged) {
        services = new TurnServices(present);
        this.state = state;
        this.settings = settings;
        this.insChanged = insChanged;
        table = new SocketTable(session);
        ledger = new Ledger(table, services, stages);
        gatekeeper = new Gatekeeper(services, this::listenerKnown);
        endings = new Endings(table, ledger);
        bytes = new ByteRelay(session, services, table, ledger, gatekeeper, endings);
        intervention = new Intervention(ledger, bytes, endings);
        sweep = new Sweep(services, table, bytes, gatekeeper, new Reparking(services, table, bytes, gatekeeper), new PeerProgress(services));
        acceptor = new Acceptor(services, table, ledger, bytes, endings, gatekeeper, sweep, trace);
        calls = new CallRelay(session, services, table, ledger, bytes, trace, this::chooseIns);
        answers = new AnswerRelay(services, ledger, bytes, endings, acceptor, sweep, trace);
        thread = new Thread(this, "ringfence-loop");
    }

    private void listenerKnown() {
        sweep.reconsiderSoon();
    }

    void start() {
        thread.start();
    }

    @Override
    public void run() {
        while (!stopping) {
            try {
                if (session.isThere()) {
                    turn();
                } else {
                    services.begin();
                    runAsked();
                    if (!session.isThere() && asked.isEmpty()) {
                        LockSupport.parkNanos(TICK_MILLISECONDS * 1_000_000L);
                    }
                }
            } catch (Exception | LinkageError | StackOverflowError e) {
                // One turn is lost, the connections are not; a fault that repeats must not fill the disk.
                LOG.error("event loop: a turn failed", e);
                pause();
            }
        }
        try {
            if (session.isThere()) {
                session.close();
            }
        } finally {
            ended = true;
            runAsked();
        }
    }

    private void runAsked() {
        for (Runnable task; (task = asked.poll()) != null; ) {
            task.run();
        }
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
        gatekeeper.beginTurn();
        bytes.begin(System.nanoTime());
        runAsked();
        if (!session.isThere()) {
            return;
        }
        boolean judging = canJudge();
        bytes.hold(settings.holdEstablished() && services.policies() == null);
        for (InsLink ins : inss) {
            takeFrom(ins, judging);
        }
        for (ApplicationLink application : applications) {
            takeFrom(application, judging);
        }
        acceptor.replenishStarved();
        sweep.turn();
        stackWatch.turn(inss, services.policies(), gatekeeper.now());
        if (!judging || bytes.isHolding()) {
            LockSupport.parkNanos(WAITING_NANOSECONDS); // there is work, so that the turn would not sleep, but it must wait
        }
        pauses.sleeps(judging && !bytes.isHolding());
        pauses.wakes(session.turn(TICK_MILLISECONDS));
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
        return now - policiesMissingSince > settings.absentNanoseconds();
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
            long before = done;
            for (; done - before < BATCH && session.hasRoom() && (pending = ins.takeAnswer(answer)) != null; done++) {
                answers.answer(ins, pending, answer);
            }
        }
        long before = done;
        long began = System.nanoTime();
        for (int slot; !bytes.isHolding() && done - before < BATCH && session.hasRoom() && (slot = ins.region.takePending()) >= 0; done++) {
            bytes.newsFromIns(ins, slot);
        }
        measure(Stage.RELAY, before, began);
    }

    private void measure(Stage stage, long doneBefore, long began) {
        if (done != doneBefore) {
            stages.record(stage, System.nanoTime() - began);
        }
    }

    private void takeFrom(ApplicationLink application, boolean judging) {
        try {
            if (judging) {
                long before = done;
                long began = System.nanoTime();
                for (; done - before < BATCH && session.hasRoom() && application.region.takeCall(call); done++) {
                    calls.call(application, call);
                }
                measure(Stage.CALLS, before, began);
            }
            long before = done;
            long began = System.nanoTime();
            for (int slot; !bytes.isHolding() && done - before < BATCH && session.hasRoom()
                    && (slot = application.region.takePending()) >= 0; done++) {
                bytes.newsFromApplication(application, slot);
            }
            measure(Stage.RELAY, before, began);
        } catch (ProtocolViolation violation) {
            session.detach(violation.region(), violation.getMessage());
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (now - lastTick >= TICK_MILLISECONDS * 1_000_000L) {
            endings.tick(now);
            rates.look(table, applications, inss, now, now - lastTick);
            lastTick = now;
        }
    }

    /** Where its other sockets are; else the INS it was started for, or the one with the fewest sockets. */
    private InsLink chooseIns(ApplicationLink application) {
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

    // ---- versions of the transport ----

    /**
     * A version of the transport takes over: at once if there is none, else where the present one stands. If it throws the present one goes
     * on. Event loop's thread, by {@link #ask}.
     */
    void takeOver(Transport transport) {
        if (parked == null && !session.isThere()) {
            try {
                session.exchange(transport.open(state, this));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return;
        }
        TransportSession next = transport.adopt(parked != null ? parked : session.handOver(), this);
        parked = null;
        session.exchange(next);
        for (ApplicationRegion region : next.applications()) {
            find(region.id()).region = region;
        }
        for (InsRegion region : next.inss()) {
            Arrays.stream(inss).filter(ins -> ins.region.id() == region.id()).findFirst().orElseThrow().region = region;
        }
        table.rows().forEach(RelayedSocket::resume);
    }

    /** The transport goes, and no other one is there: all that it knows waits for the next, and nothing passes. Event loop's thread. */
    void park() {
        if (session.isThere()) {
            parked = session.handOver();
            session.exchange(null);
        }
    }

    // ---- who comes and goes ----

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
        for (RelayedSocket socket : link.sockets) {
            if (socket != null) {
                if (socket.listening != null) {
                    sweep.listenerEnds(socket.listening);
                }
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

    @Override
    public void detached(InsRegion region) {
        InsLink link = Arrays.stream(inss).filter(i -> i.region == region).findFirst().orElseThrow();
        inss = Arrays.stream(inss).filter(i -> i != link).toArray(InsLink[]::new);
        for (ApplicationLink application : applications) {
            if (application.ins == link) {
                application.ins = null;
            }
        }
        int lost = 0;
        link.abandon(pending -> {
            if (pending.application != null && pending.applicationCell >= 0) {
                pending.application.region.answer(pending.applicationCell, pending.applicationCall, answer.set(Errno.ENETDOWN, -1));
            }
        });
        sweep.insGone();
        for (RelayedSocket socket : table.rows()) {
            if (socket.phase != Phase.FREE && socket.ins == link) {
                lost++;
                endings.insGone(socket);
            }
        }
        LOG.warn("region {}: INS (pid {}) detached; {} sockets are lost", region.id(), region.pid(), lost);
        insChanged.run();
    }

    // ---- questions from other threads ----

    /** Runs a question on the event loop; its answer, or its exception, comes as the future's: at once an exception if the loop has ended. */
    <T> CompletableFuture<T> ask(Supplier<T> question) {
        CompletableFuture<T> future = new CompletableFuture<>();
        asked.add(() -> {
            if (ended) {
                future.completeExceptionally(new IllegalStateException("the event loop has ended"));
                return;
            }
            try {
                future.complete(question.get());
            } catch (RuntimeException | LinkageError e) {
                future.completeExceptionally(e);
            }
        });
        if (ended) {
            runAsked(); // which comes to nothing but exceptions, on whatever thread
        } else {
            wake();
        }
        return future;
    }

    boolean hasEnded() {
        return ended;
    }

    private void wake() {
        session.wake();
        LockSupport.unpark(thread); // which waits here while there is no transport
    }

    /** From the next turn on. Any thread. */
    void configure(Settings changed) {
        settings = changed;
    }

    PauseMeter pauses() {
        return pauses;
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

    /** Rows of the connection table, free ones included. */
    int socketCount() {
        return table.rows().size();
    }

    Ledger ledger() {
        return ledger;
    }

    CallTrace trace() {
        return trace;
    }

    Stages stages() {
        return stages;
    }

    Intervention intervention() {
        return intervention;
    }

    /** Connections reset since the start because no slot or record was left. */
    long connectionsWithoutSlot() {
        return acceptor.withoutSlot();
    }

    /** Ends the loop: applications see their connections reset. Waits for it. */
    @Override
    public void close() {
        stopping = true;
        wake();
        try {
            thread.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
