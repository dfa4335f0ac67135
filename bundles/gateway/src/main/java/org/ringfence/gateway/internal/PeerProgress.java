package org.ringfence.gateway.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/**
 * Asks the INS's stack on the gateway's own behalf, and tells it. Above all what peers have acknowledged, for whom bytes wait: a stack's send
 * buffer takes bytes in lumps, and hides for many seconds whether a slow peer takes any. Event loop's thread only.
 */
final class PeerProgress {
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_INFO = 11;
    // struct tcp_info, <linux/tcp.h>
    private static final int BYTES_ACKED = 120;
    private static final int SEGMENTS = 136; // two numbers: sent and received
    private static final int SND_WND = 228;
    private static final int BYTES = 232;
    /** Questions under way to one INS, at most: the reply cells are for the application's calls. */
    private static final int MOST = 512;
    /** Of those that are asked soon, fewer: others have to be known, too. */
    private static final int MOST_SOON = MOST / 4;
    private static final long EVERY_NANOSECONDS = 1_000_000_000;
    private static final long SOON_NANOSECONDS = 200_000_000;
    private static final double FULL_SECONDS = 0.9;
    /** Rates are those of so many seconds. */
    private static final double RECENT_SECONDS = 3;
    /** The same where the window is open: on a bad line nothing may come for some seconds. */
    private static final double OPEN_SECONDS = 10;
    /** What was taken faster than this counts as so much, so that it is soon over. */
    private static final double MOST_A_SECOND = 64 << 10;

    private final Services services;
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();

    PeerProgress(Services services) {
        this.services = services;
    }

    /** Asks, unless that was done a moment ago. */
    void ask(RelayedSocket socket, long now) {
        Gate gate = socket.gate;
        CallTranslator translator = services.translator(socket.ins.region.abi());
        long pause = now - gate.askedAt >= EVERY_NANOSECONDS ? EVERY_NANOSECONDS : pause(gate);
        if (now - gate.askedAt < pause || socket.ins.questions() >= (pause == EVERY_NANOSECONDS ? MOST : MOST_SOON) || translator == null) {
            return;
        }
        call.clear(Operation.GETSOCKOPT, socket.insSlot, socket.ins.region.generation(socket.insSlot));
        call.arguments[0] = IPPROTO_TCP;
        call.arguments[1] = TCP_INFO;
        call.arguments[2] = BYTES;
        pending.clear();
        if (translator.call(call, pending.context) != 0) {
            return;
        }
        gate.askedAt = now;
        send(socket, Operation.GETSOCKOPT);
    }

    /**
     * Nanoseconds between two questions: fewer where the application waits for the peer, and others for the application; and where the peer's window was
     * shut and he had taken something all the same, so that it is known when he took the last of it.
     */
    static long pause(Gate gate) {
        boolean justShut = gate.isShut() && gate.lastOut == gate.ackedAt;
        return justShut || gate.pins && gate.listening.unread > 0 ? SOON_NANOSECONDS : EVERY_NANOSECONDS;
    }

    private void send(RelayedSocket socket, Operation operation) {
        pending.operation = operation;
        pending.isAbout(socket);
        pending.number = socket.id;
        pending.progress = true;
        socket.ins.send(call, pending);
    }

    /** True if so many of the socket's can be set; else they are to be tried again. */
    boolean hasRoomFor(RelayedSocket socket, int options) {
        return socket.ins.questions() + options <= MOST;
    }

    /** Sets an option of the stack's socket, in Linux's numbers; a stack that has none of that name is left as it is. Nobody waits for the answer. */
    void set(RelayedSocket socket, int level, int name, int value) {
        CallTranslator translator = services.translator(socket.ins.region.abi());
        call.clear(Operation.SETSOCKOPT, socket.insSlot, socket.ins.region.generation(socket.insSlot));
        call.arguments[0] = level;
        call.arguments[1] = name;
        ByteBuffer.wrap(call.payload).order(ByteOrder.LITTLE_ENDIAN).putInt(0, value);
        call.payloadLength = Integer.BYTES;
        pending.clear();
        if (translator != null && translator.call(call, pending.context) == 0) {
            send(socket, Operation.SETSOCKOPT);
        }
    }

    void answered(PendingCall question, Answer answer, long now) {
        RelayedSocket socket = question.socket;
        if (answer.error != 0 || socket.id != question.number || !socket.gated || answer.payloadLength < BYTES) {
            return;
        }
        ByteBuffer info = ByteBuffer.wrap(answer.payload).order(ByteOrder.LITTLE_ENDIAN);
        Gate gate = socket.gate;
        if (gate.acked >= 0 && now == gate.ackedAt) {
            return; // two answers in a turn: nothing lies between them
        }
        gate.peerWindow = Integer.toUnsignedLong(info.getInt(SND_WND));
        if (info.getLong(SEGMENTS) == 0) {
            return; // this stack counts none, as NetBSD's: what its send buffer takes is all that is known
        }
        long acked = info.getLong(BYTES_ACKED);
        double seconds = (now - gate.ackedAt) / 1e9;
        if (gate.acked >= 0 && seconds < 2 * RECENT_SECONDS) {
            double rate = (acked - gate.acked) / seconds;
            gate.outRate += (rate - gate.outRate) * Math.min(1, seconds / RECENT_SECONDS);
            double known = (now - gate.ackedSince) / 1e9;
            gate.takeRate += (rate - gate.takeRate) * Math.min(1, seconds / Math.min(known, RECENT_SECONDS));
            double averaged = Math.min(known, gate.isShut() ? RECENT_SECONDS : OPEN_SECONDS);
            gate.ackRate = Math.max(0, gate.ackRate);
            gate.ackRate += (Math.min(rate, MOST_A_SECOND) - gate.ackRate) * Math.min(1, seconds / averaged);
            if (acked != gate.acked) {
                gate.lastOut = now;
                if (seconds > FULL_SECONDS) { // who is asked more often counts no more than others
                    gate.listening.responseRates.add((long) rate);
                }
            }
        } else {
            if (acked != gate.acked) {
                gate.lastOut = now;
            }
            gate.ackedSince = now;
            gate.ackRate = -1;
            gate.takeRate = 0;
        }
        gate.acked = acked;
        gate.ackedAt = now;
    }
}
