package org.ringfence.gateway.internal;

import java.util.ArrayDeque;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.transport.InsRegion;

/**
 * An attached INS: its region, its sockets by slot, and the calls under way. A call the region has no room for waits here, and so does
 * every later one, so that calls keep their order. Event loop's thread only.
 */
final class InsLink {
    private static final int CELLS = 4096;
    /** So many times as many sockets as others may yet open can be of one application: half of the slots, if it is the only one. */
    static final int MUCH = 2;

    /** Exchanged when another version of the transport takes over. */
    InsRegion region;
    final RelayedSocket[] sockets;
    private final PendingCall[] calls = new PendingCall[CELLS];
    private final PendingCall answered = new PendingCall();
    private final Stages stages;
    final InsStack stack;
    /** Reply cells: a quarter for one ACCEPT of each listener, half for more of them, and the rest for calls that are answered at once. */
    final Share listeners;
    final Share spareAccepts;
    /** Slots for sockets that applications open themselves: the others are for connections from outside. */
    final Share ownSockets;
    final Rate sent = new Rate();
    final Rate received = new Rate();
    /** Sums over its connections. */
    long bytesInPerSecond;
    long bytesOutPerSecond;
    /** CLOSEs of connections whose bytes it had still to send; and how many may keep a reply cell for that. */
    private int lingering;
    private final int mostLingering;
    /** Questions of the gateway's own that it has not answered. */
    private int questions;
    /** The INS's heartbeat when it last moved, and when that was seen. */
    private long heartbeat = -1;
    private long heartbeatAt = System.nanoTime();

    /** A call that waits for room. */
    private record Waiting(Call call, PendingCall pending) {
    }

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

    InsLink(InsRegion region, Stages stages) {
        this.region = region;
        this.stages = stages;
        stack = new InsStack(region.name());
        sockets = new RelayedSocket[region.slots()];
        int cells = region.usage().cells();
        listeners = new Share(cells / 4, 1);
        spareAccepts = new Share(cells / 2, 1);
        ownSockets = new Share(region.slots() / 4 * 3, MUCH);
        mostLingering = cells / 8;
        for (int i = 0; i < CELLS; i++) {
            calls[i] = new PendingCall();
        }
    }

    /** Sends a call; {@code pending} is copied. */
    void send(Call call, PendingCall pending) {
        questions += pending.progress ? 1 : 0;
        lingering += pending.lingers ? 1 : 0;
        if (!waiting.isEmpty() || !trySend(call, pending)) {
            Call copy = new Call();
            Calls.copy(call, copy);
            PendingCall kept = new PendingCall();
            kept.copyFrom(pending);
            waiting.add(new Waiting(copy, kept));
        }
    }

    /** Sends what waits, as far as there is room. */
    void sendWaiting() {
        while (!waiting.isEmpty() && trySend(waiting.peek().call, waiting.peek().pending)) {
            waiting.remove();
        }
    }

    /** Looks whether the INS lives, and rings it so that it shows it at the next look. Called about once a second. */
    void look(long now) {
        long beat = region.heartbeat();
        if (beat != heartbeat) {
            heartbeat = beat;
            heartbeatAt = now;
        } else {
            region.nudge();
        }
    }

    long silentNanoseconds() {
        return System.nanoTime() - heartbeatAt;
    }

    /** True if so much waits that no application's call is to be taken. */
    boolean isFull() {
        return waiting.size() >= CELLS;
    }

    /** True if it may be told to close a connection whose bytes it has still to send: it answers when they are. */
    boolean mayLinger() {
        return lingering < mostLingering;
    }

    int questions() {
        return questions;
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    private boolean trySend(Call call, PendingCall pending) {
        int cell = region.claimCell();
        if (cell < 0) {
            return false;
        }
        call.cell = cell;
        if (!region.putCall(call)) {
            region.releaseCell(cell);
            return false;
        }
        calls[cell].copyFrom(pending);
        calls[cell].sent = System.nanoTime();
        return true;
    }

    /** The next call that was answered, a copy that is valid until this method is called again; null if none. */
    PendingCall takeAnswer(Answer answer) {
        int cell = region.takeAnswer(answer);
        if (cell < 0) {
            return null;
        }
        // The cell is free again, and what the answer sets off may claim it.
        answered.copyFrom(calls[cell]);
        questions -= answered.progress ? 1 : 0;
        lingering -= answered.lingers ? 1 : 0;
        if (answered.operation != Operation.ACCEPT) { // which waits for a peer
            stages.record(Stages.Stage.INS, System.nanoTime() - answered.sent);
        }
        calls[cell].clear();
        return answered;
    }

    /** An application is gone: nobody waits for the answers to its calls. */
    void forget(ApplicationLink application) {
        for (PendingCall call : calls) {
            forget(call, application);
        }
        for (Waiting w : waiting) {
            forget(w.pending, application);
        }
    }

    private static void forget(PendingCall call, ApplicationLink application) {
        if (call.application == application) {
            call.application = null;
            call.applicationCell = -1;
        }
    }

    /** Hands every call that is still under way to {@code each}: the INS is gone. */
    void abandon(java.util.function.Consumer<PendingCall> each) {
        for (PendingCall call : calls) {
            if (call.operation != null) {
                each.accept(call);
                call.clear();
            }
        }
        for (Waiting w : waiting) {
            each.accept(w.pending);
        }
        waiting.clear();
    }
}
