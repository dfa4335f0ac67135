package org.ringfence.gateway.internal;

import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.Operation;

/** A call under way to an INS: what is needed to finish it when the answer comes, in plain numbers. One per reply cell, reused. */
final class PendingCall {
    Operation operation;
    /** The socket it is about; for ACCEPT the listener. */
    RelayedSocket socket;
    /** The {@link RelayedSocket#life} that it is about. */
    private int life;
    /** Slot of the INS's region: for the new connection, if it is ACCEPT; of a listener that is opened again. */
    int newSlot;
    /** ACCEPT: its number among the listener's. Of a listener that is opened again: the number of the call that is to follow. */
    long number;
    /** Reply cell of the application, or -1 if the application waits for nothing. */
    int applicationCell;
    long applicationCall;
    /** Region the call came from: an application that is gone gets no answer. */
    ApplicationLink application;
    /** When it was sent to the INS, {@link System#nanoTime()}. */
    long sent;
    /** CONNECT: of a stream to no address, by which it is again what it was before. */
    boolean dissolves;
    /** A question of the gateway's own, for {@link PeerProgress}. */
    boolean progress;
    /** CLOSE: it is answered when the client has taken what is left. */
    boolean lingers;
    /** A call of the gateway's own, for {@link Reopening}. */
    boolean reopens;
    /** Its number in the {@link CallTrace}, or {@link CallTrace#NONE}. */
    long trace;
    final CallContext context = new CallContext();

    void isAbout(RelayedSocket row) {
        socket = row;
        life = row.life;
    }

    /** True if its row is about another socket by now: answers come in any order, that of CLOSE before others. */
    boolean isLate() {
        return socket != null && socket.life != life;
    }

    void copyFrom(PendingCall other) {
        operation = other.operation;
        socket = other.socket;
        life = other.life;
        newSlot = other.newSlot;
        number = other.number;
        applicationCell = other.applicationCell;
        applicationCall = other.applicationCall;
        application = other.application;
        sent = other.sent;
        dissolves = other.dissolves;
        progress = other.progress;
        lingers = other.lingers;
        reopens = other.reopens;
        trace = other.trace;
        context.copyFrom(other.context);
    }

    void clear() {
        operation = null;
        socket = null;
        progress = false;
        lingers = false;
        reopens = false;
        dissolves = false;
        application = null;
        applicationCell = -1;
        trace = CallTrace.NONE;
    }
}
