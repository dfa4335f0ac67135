package org.ringfence.gateway.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.Transport;
import org.ringfence.gateway.internal.Stages.Stage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's one thread: takes calls, answers and news from all regions, then ends the turn in the transport, where it sleeps when there
 * is nothing to do. Everything below runs on it; other threads hand it work with {@link #ask}.
 */
final class EventLoop implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    /** Items of each kind taken from a region in one turn, so that nobody waits long for the others. */
    private static final int BATCH = 256;
    private static final int TICK_MILLISECONDS = 1000;
    private static final long WAITING_NANOSECONDS = 1_000_000;

    private final TurnServices services;
    private final Path state;
    private volatile Settings settings;
    private final CurrentSession session = new CurrentSession();
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
    private final Reopening reopening;
    private final Links links;
    private final CallRelay calls;
    private final AnswerRelay answers;
    private final Thread thread;
    private final Runnable lost;

    private final Call call = new Call();
    private final Answer answer = new Answer();
    private final Questions questions = new Questions(this::wake);
    private volatile boolean stopping;
    private long policiesMissingSince;
    /** Calls, answers and pieces of news taken. */
    private long done;
    private long lastTick = System.nanoTime();

    /**
     * @param insChanged called on the event loop whenever an INS attached or detached
     * @param lost called on the event loop when it ends by itself, by an error that is no fault of one turn: nothing passes any more
     */
    EventLoop(Path state, Services present, Settings settings, Runnable insChanged, Runnable lost) {
        services = new TurnServices(present);
        this.state = state;
        this.settings = settings;
        this.lost = lost;
        table = new SocketTable(session);
        ledger = new Ledger(table, services, stages);
        PeerProgress progress = new PeerProgress(services);
        Restraint restraint = new Restraint(progress);
        gatekeeper = new Gatekeeper(services, restraint, this::listenerKnown);
        endings = new Endings(table, ledger);
        bytes = new ByteRelay(session, services, table, ledger, gatekeeper, endings);
        intervention = new Intervention(ledger, bytes, endings);
        sweep = new Sweep(services, table, bytes, gatekeeper, new Reparking(services, table, bytes, gatekeeper), progress, restraint);
        acceptor = new Acceptor(services, table, ledger, bytes, endings, gatekeeper, sweep, trace);
        reopening = new Reopening(services, endings, acceptor, this::chooseIns);
        links = new Links(table, bytes, endings, sweep, reopening, stages, insChanged);
        calls = new CallRelay(session, services, table, ledger, bytes, trace, this::chooseIns, reopening);
        answers = new AnswerRelay(services, ledger, bytes, endings, acceptor, sweep, reopening, trace);
        thread = new Thread(this, "ringfence-loop");
    }

    private void listenerKnown() {
        sweep.reconsiderSoon();
    }

    private InsLink chooseIns(ApplicationLink application) {
        return links.chooseIns(application);
    }

    void start() {
        thread.start();
    }

    @Override
    public void run() {
        try {
            while (!stopping) {
                turnOrWait();
            }
            session.end(links);
        } catch (Throwable e) { // an Error: nobody knows what it has left half done
            end(e);
        } finally {
            questions.end();
        }
    }

    private void turnOrWait() {
        try {
            if (session.isThere()) {
                turn();
            } else {
                services.begin();
                questions.answer();
                if (!session.isThere() && questions.isEmpty()) {
                    LockSupport.parkNanos(TICK_MILLISECONDS * 1_000_000L);
                }
            }
        } catch (Exception | LinkageError | StackOverflowError e) {
            // One turn is lost, the connections are not; a fault that repeats must not fill the disk.
            LOG.error("event loop: a turn failed", e);
            pause();
        }
    }

    private void end(Throwable cause) {
        try {
            LOG.error("event loop: it has ended, and the gateway ends with it", cause);
        } finally {
            if (!stopping) {
                lost.run();
            }
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
        questions.answer();
        if (!session.isThere()) {
            return;
        }
        boolean judging = canJudge();
        bytes.hold(settings.holdEstablished() && services.policies() == null);
        for (InsLink ins : links.inss()) {
            takeFrom(ins, judging);
        }
        for (ApplicationLink application : links.applications()) {
            takeFrom(application, judging);
        }
        bytes.relayPatient();
        acceptor.replenishStarved();
        reopening.turn(gatekeeper.now());
        sweep.turn();
        stackWatch.turn(links.inss(), services.policies(), gatekeeper.now());
        if (!judging || bytes.isHolding()) {
            LockSupport.parkNanos(WAITING_NANOSECONDS); // there is work, so that the turn would not sleep, but it must wait
        }
        pauses.sleeps(judging && !bytes.isHolding());
        pauses.wakes(session.turn(bytes.hasPatient() ? 0 : sweep.patience(TICK_MILLISECONDS)));
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
        for (InsLink ins : links.inss()) {
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
            if (done != before) {
                application.lastNews = began;
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
            rates.look(table, links.applications(), links.inss(), now, now - lastTick);
            lastTick = now;
        }
    }

    // ---- versions of the transport ----

    /**
     * A version of the transport takes over: at once if there is none, else where the present one stands. If it throws the present one goes
     * on. Event loop's thread, by {@link #ask}.
     */
    void takeOver(Transport transport) {
        try {
            if (session.takeOver(transport, state, links)) {
                links.goOnWith(session);
                table.rows().forEach(RelayedSocket::resume);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The transport goes, and no other one is there: all that it knows waits for the next, and nothing passes. Event loop's thread. */
    void park() {
        session.park();
    }

    // ---- questions from other threads ----

    /** Runs a question on the event loop; its answer, or its exception, comes as the future's: at once an exception if the loop has ended. */
    <T> CompletableFuture<T> ask(Supplier<T> question) {
        return questions.ask(question);
    }

    /** Asks and waits; what was given up is never done. See {@link Questions#await}. */
    <T> T await(Supplier<T> question, long milliseconds) throws ExecutionException, TimeoutException, InterruptedException {
        return questions.await(question, milliseconds);
    }

    boolean hasEnded() {
        return questions.haveEnded();
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
        return List.of(links.applications());
    }

    List<InsLink> inss() {
        return List.of(links.inss());
    }

    List<RelayedSocket> sockets() {
        return new ArrayList<>(table.rows());
    }

    /** Sweeps that have begun since the start. */
    int sweeps() {
        return sweep.sweeps();
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
