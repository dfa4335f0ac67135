package org.ringfence.gateway.internal;

import java.util.ArrayList;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.Verdict;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/**
 * Keeps ACCEPTs posted for every listener, and takes the connections that answer them through the policies to the application. When the
 * application does not keep up, nothing more is posted, and the INS's backlog fills as a kernel's would. Event loop's thread only.
 */
final class Acceptor {
    /** ACCEPTs posted for a listener at a time, at most. */
    private static final int POSTED = 64;
    /** Of them, which part is posted again at once: each time wakes the INS, which has enough. */
    private static final int AT_ONCE = 4;
    /** Connections the application has not accepted, above which no more are posted. */
    private static final int MAX_WAITING = 128;
    /** Bytes of a name in an answer: length u32, address. */
    private static final int NAME_BYTES = 32;
    private static final int ADDRESS = 4;

    private final Services services;
    private final SocketTable table;
    private final Ledger ledger;
    private final ByteRelay bytes;
    private final Endings endings;
    private final Gatekeeper gatekeeper;
    private final Sweep sweep;
    private final CallTrace trace;
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();
    private final Answer held = new Answer();
    private final ArrayList<RelayedSocket> starved = new ArrayList<>();
    private long withoutSlot;

    Acceptor(Services services, SocketTable table, Ledger ledger, ByteRelay bytes, Endings endings, Gatekeeper gatekeeper, Sweep sweep,
            CallTrace trace) {
        this.services = services;
        this.table = table;
        this.ledger = ledger;
        this.bytes = bytes;
        this.endings = endings;
        this.gatekeeper = gatekeeper;
        this.sweep = sweep;
        this.trace = trace;
    }

    /** Posts ACCEPTs for a listener up to the number that it uses, once there are a few less, if the application keeps up, and has its share of them. */
    void replenish(RelayedSocket listener) {
        if (listener.phase != Phase.LISTENING || listener.closing) {
            return;
        }
        InsLink ins = listener.ins;
        if (listener.order == null) {
            listener.order = new AcceptOrder(POSTED, 2 * NAME_BYTES);
        }
        int wanted = listener.order.wanted;
        if (listener.posted > wanted - Math.max(1, wanted / AT_ONCE)) {
            return;
        }
        while (listener.posted < wanted && Stake.of(listener).mayPost(listener.posted)) {
            boolean keepsUp = listener.region().waiting(listener.slot) <= MAX_WAITING;
            int slot = keepsUp ? ins.region.openSlot(listener.domain, listener.type, listener.protocol) : -1;
            if (slot < 0) {
                starves(listener);
                return;
            }
            call.clear(Operation.ACCEPT, listener.insSlot, ins.region.generation(listener.insSlot));
            call.arguments[0] = slot;
            call.arguments[1] = ins.region.generation(slot);
            pending.clear();
            pending.operation = Operation.ACCEPT;
            pending.isAbout(listener);
            pending.newSlot = slot;
            pending.number = listener.order.post();
            ins.send(call, pending);
            Stake.of(listener).posted(++listener.posted);
        }
    }

    private void starves(RelayedSocket listener) {
        if (!listener.order.starved) {
            listener.order.starved = true;
            starved.add(listener);
        }
    }

    /** Tries again for listeners that got fewer ACCEPTs than usual. Called every turn; there are seldom any. */
    void replenishStarved() {
        for (int i = starved.size() - 1; i >= 0; i--) {
            RelayedSocket listener = starved.get(i);
            if (listener.phase != Phase.LISTENING || listener.closing || listener.region().waiting(listener.slot) <= MAX_WAITING) {
                starved.remove(i);
                listener.order.starved = false;
                replenish(listener);
            }
        }
    }

    /** An ACCEPT was answered. */
    void accepted(InsLink ins, PendingCall accept, Answer answer) {
        RelayedSocket listener = accept.socket;
        AcceptOrder order = listener.order;
        if (!order.isNext(accept.number)) {
            order.hold(accept.number, accept.newSlot, answer);
            return;
        }
        deliver(ins, listener, accept.newSlot, answer);
        for (int slot; (slot = order.takeNext(held)) >= 0; ) {
            deliver(ins, listener, slot, held);
        }
    }

    private void deliver(InsLink ins, RelayedSocket listener, int newSlot, Answer answer) {
        Stake.of(listener).posted(--listener.posted);
        if (answer.error != 0) {
            ins.region.freeSlot(newSlot);
        } else {
            if (listener.closing || !arrived(ins, listener, newSlot, answer)) {
                endings.reset(ins, newSlot);
            }
            listener.order.used();
            replenish(listener);
        }
        if (listener.closeAnswered && listener.posted == 0) {
            ledger.ended(listener);
        }
    }

    /** Takes a new connection in; false if it is to be reset because there is no room for it. */
    private boolean arrived(InsLink ins, RelayedSocket listener, int insSlot, Answer answer) {
        CallTranslator translator = services.translator(ins.region.abi());
        byte[] names = answer.payload;
        if (translator == null || answer.payloadLength < 2 * NAME_BYTES) {
            return false;
        }
        int local = translator.address(names, ADDRESS, names[0] & 0xff);
        int peer = translator.address(names, NAME_BYTES + ADDRESS, names[NAME_BYTES] & 0xff);
        RelayedSocket socket = table.take();
        int slot = socket == null ? -1 : listener.region().openSlot(listener.domain, listener.type, listener.protocol);
        if (slot < 0) {
            if (socket != null) {
                table.giveUnused(socket);
            }
            withoutSlot++;
            return false;
        }
        socket.begin(listener.application, slot, ins, insSlot, listener.domain, listener.type, listener.protocol);
        socket.sendBuffer = listener.sendBuffer;
        gatekeeper.introduce(socket, listener.listening);
        Verdict verdict = ledger.admit(socket, true, names, NAME_BYTES + ADDRESS, peer, Addresses.port(names, ADDRESS, local));
        socket.connect();
        if (verdict != Verdict.ALLOW) {
            trace.accepted(socket, listener.slot, names, NAME_BYTES + ADDRESS, peer, -1);
            socket.closing = true;
            endings.close(socket, verdict == Verdict.RESET);
            return true;
        }
        trace.accepted(socket, listener.slot, names, NAME_BYTES + ADDRESS, peer, slot);
        socket.region().setLocal(slot, names, ADDRESS, local);
        socket.region().setPeer(slot, names, NAME_BYTES + ADDRESS, peer);
        socket.region().connected(slot);
        boolean own = socket.application.own.comes(socket, names, ADDRESS, local);
        if (own) {
            Stake.of(socket).opens(socket.application, ins, table);
        }
        if (gatekeeper.arrived(socket, listener.listening, own)) {
            sweep.makeRoom(listener.listening);
        }
        bytes.relay(socket);
        if (!socket.closing && socket.isHeld() && gatekeeper.passes(socket)) {
            bytes.offer(socket);
        }
        return true;
    }

    /** Connections reset since the start because no slot or record was left. */
    long withoutSlot() {
        return withoutSlot;
    }
}
