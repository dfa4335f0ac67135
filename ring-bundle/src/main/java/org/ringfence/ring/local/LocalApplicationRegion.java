package org.ringfence.ring.local;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.SocketState;
import org.ringfence.ring.layout.AttachLayout;
import org.ringfence.ring.region.BackendRegion;

/**
 * An application on this machine: its sockets' readiness pairs, its pool of fresh sockets, and its connections to the gateway.
 *
 * <p>The gateway's end of a pair is known only when the batch that offered the far end was carried out; until then what would have been
 * done to it is remembered in the slot's flags and done afterwards.
 */
final class LocalApplicationRegion extends BackendRegion {
    /** Fresh sockets that wait in the pool. */
    private static final int POOL_SIZE = 16;
    private static final int NO_END = -1;
    private static final int NONE = -1;
    private static final int EAGAIN = 11;
    private static final int SHUT_RD = 0;

    private static final int POOLED = 1;
    private static final int OWED = 4; // readable once its end is known
    private static final int SHOWN_EOF = 8;
    private static final int SHOWN_SENDING_OVER = 16;
    private static final int CLOSED = 32; // reported to the session
    private static final int HAS_PACKETS = 64; // the application stuffed its end
    private static final int HAD_PACKETS = 128; // and so it was at the watchdog's last look
    private static final int LISTENER = 256;
    private static final int FULL = 512; // the listener's queue was full at the last offer
    private static final int ARMS = 1024; // the listener's connections are armed as soon as they are accepted

    private final NativeSystem system;
    private final EventPort port;
    private final LocalSession session;
    private final String launch;
    private final int doorbell;
    private final int poolNear;
    private final int poolFar;
    private int attached;
    private int pooled;

    private final int[] near;
    private final int[] flags;
    private final WaitingConnections waiting;
    /** The listener a waiting or offered connection came through. */
    private final int[] listenerOf;

    private final Offer offer = new Offer();
    private final BatchActions actions;
    private final Loans loans;

    LocalApplicationRegion(LocalSession session, NativeSystem system, EventPort port, SharedMemory shared, int id, String name, String launch,
            int pid, int doorbell, int[] pool) {
        super(shared, id, name, pid);
        this.session = session;
        this.system = system;
        this.port = port;
        this.launch = launch;
        this.doorbell = doorbell;
        poolNear = pool[0];
        poolFar = pool[1];
        near = filled(NO_END);
        flags = new int[slots()];
        listenerOf = filled(NONE);
        waiting = new WaitingConnections(slots());
        actions = new BatchActions();
        loans = new Loans(this, port, true);
        port.watch(doorbell, EventPort.IN | EventPort.EDGE, Key.of(Key.DOORBELL, id, 0));
        port.watch(poolNear, EventPort.OUT | EventPort.EDGE, Key.of(Key.POOL, id, 0));
    }

    /** Goes on where another version stopped; what the port watches it goes on watching. */
    LocalApplicationRegion(LocalSession session, NativeSystem system, EventPort port, HandoverState from) {
        super(from);
        this.session = session;
        this.system = system;
        this.port = port;
        launch = from.text("launch");
        doorbell = from.number("doorbell");
        poolNear = from.number("poolNear");
        poolFar = from.number("poolFar");
        attached = from.number("attached");
        pooled = from.number("pooled");
        near = from.numbers("near");
        flags = from.numbers("flags");
        listenerOf = from.numbers("listenerOf");
        waiting = new WaitingConnections(from.state("waiting"));
        actions = new BatchActions(from.state("actions"));
        loans = from.has("loans") ? new Loans(this, port, from.state("loans")) : new Loans(this, port, false);
    }

    @Override
    protected HandoverState handOver() {
        return super.handOver().put("launch", launch).put("doorbell", doorbell).put("poolNear", poolNear).put("poolFar", poolFar)
                .put("attached", attached).put("pooled", pooled).put("near", near).put("flags", flags).put("listenerOf", listenerOf)
                .put("waiting", waiting.handOver()).put("actions", actions.handOver()).put("loans", loans.handOver());
    }

    private int[] filled(int value) {
        int[] array = new int[slots()];
        Arrays.fill(array, value);
        return array;
    }

    String launch() {
        return launch;
    }

    /** Descriptors of a welcome. */
    int[] descriptors() {
        return new int[] {shared.descriptor(), doorbell, poolFar};
    }

    // ---- who is there ----

    void processAttached() {
        attached++;
    }

    void processDetached() {
        attached--;
        loans.endAll();
    }

    /** True if no process is attached and no socket but the pool's is left. */
    boolean isAbandoned() {
        return attached == 0 && openSlots() == pooled;
    }

    // ---- the pool of fresh sockets ----

    void fillPool() {
        while (attached > 0 && pooled < POOL_SIZE && port.room() > 16) {
            int slot = openSlot(0, 0, 0);
            if (slot < 0) {
                return;
            }
            flags[slot] = POOLED;
            pooled++;
            send(poolNear, slot, false);
        }
    }

    @Override
    public void claimed(int slot) {
        leavePool(slot);
    }

    private void leavePool(int slot) {
        if ((flags[slot] & POOLED) != 0) {
            flags[slot] &= ~POOLED;
            pooled--;
        }
    }

    // ---- offers ----

    private void send(int channel, int slot, boolean readable) {
        offer.begin(slot, generation(slot));
        boolean accepted = (flags[slot] & POOLED) == 0;
        if (accepted) {
            copyNames(slot, offer.bytes, AttachLayout.OFFER_LOCAL);
        }
        if (accepted && loans.hasStock()) {
            near[slot] = loans.lendAgain(slot);
            setCookie(slot, loans.cookie(slot));
            int first = readable ? near[slot] : NO_END;
            remember(port.lendAgain(channel, loans.copy(slot), first, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.LEND_AGAIN);
            tellMarks(slot, marks(slot)); // of one that waited
        } else if (accepted && loans.hasRoom()) {
            loans.promise(slot);
            remember(port.lend(channel, readable, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.LEND);
        } else {
            remember(port.offer(channel, pairKey(slot), readable, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.OFFER);
        }
    }

    private long pairKey(int slot) {
        return Key.of(Key.PAIR, id(), slot);
    }

    private void remember(int action, int slot, byte kind) {
        actions.add(action, slot, generation(slot), kind);
    }

    @Override
    public void offer(int listener, int slot) {
        listenerOf[slot] = listener;
        if (waiting.count(listener) > 0 || (flags[listener] & FULL) != 0 || near[listener] == NO_END) {
            waiting.add(listener, slot);
        } else {
            sendToListener(listener, slot);
        }
    }

    private void sendToListener(int listener, int slot) {
        boolean readable = (flags[slot] & OWED) != 0;
        flags[slot] &= ~OWED;
        if (readable && (flags[listener] & ARMS) != 0) {
            expect(slot);
            readable = false;
        } else if (readable) {
            told(slot);
        }
        send(near[listener], slot, readable);
    }

    @Override
    public int waiting(int listener) {
        return waiting.count(listener);
    }

    @Override
    public boolean withdraw(int listener, int slot) {
        if (!waiting.remove(listener, slot)) {
            return false;
        }
        listenerOf[slot] = NONE;
        return true;
    }

    @Override
    public void listening(int slot) {
        super.listening(slot);
        flags[slot] |= LISTENER;
        if (near[slot] != NO_END) {
            // Room in the listener's queue is news now: OUT.
            port.rewatch(near[slot], EventPort.IN | EventPort.OUT | EventPort.RDHUP | EventPort.EDGE, pairKey(slot));
        }
    }

    /** The batch was carried out: the ends of the pairs offered in it are known, and which applications' ends were gone. */
    void settle() {
        actions.settle(port, this);
        loans.settle();
    }

    /** An offer has a result: the gateway's end of the pair, or the negated error with which nobody got the other. */
    void offered(int slot, int action, int result) {
        if (result >= 0) {
            near[slot] = result;
            setCookie(slot, port.cookie(action));
            catchUp(slot);
        } else {
            notOffered(slot, -result);
        }
    }

    /** A pair that was to be lent has a result. */
    void lent(int slot, boolean there, int action, int result) {
        if (result >= 0 && there) {
            loans.made(slot, port.far(action), port.cookie(action));
            offered(slot, action, result);
            return;
        }
        loans.notMade();
        if (there) {
            loans.withdraw(slot);
            notOffered(slot, -result);
        } else if (result >= 0) {
            port.close(result); // the slot was freed in the same batch
            port.close(port.far(action));
        }
    }

    /** A pair of the stock did not reach anybody. What was sent for the slot lies in it. */
    void notLentAgain(int slot, int errno) {
        loans.withdraw(slot);
        port.close(giveUpEnd(slot));
        setCookie(slot, 0);
        flags[slot] &= ~(SHOWN_EOF | SHOWN_SENDING_OVER | HAS_PACKETS | HAD_PACKETS);
        notOffered(slot, errno);
    }

    /** Does to a pair what happened while its end was not known. */
    private void catchUp(int slot) {
        if ((flags[slot] & OWED) != 0) {
            flags[slot] &= ~OWED;
            touched(port.packet(near[slot], shared.address() + at(slot)), slot);
        }
        tellMarks(slot, marks(slot));
    }

    private void notOffered(int slot, int errno) {
        int listener = listenerOf[slot];
        if ((flags[slot] & POOLED) != 0) {
            leavePool(slot);
            freeSlot(slot);
        } else if (listener != NONE && errno == EAGAIN && (flags[listener] & LISTENER) != 0) {
            flags[listener] |= FULL;
            flags[slot] |= OWED; // harmless if there is nothing to read
            waiting.add(listener, slot);
        } else {
            closed(slot);
        }
    }

    /** The listener's queue has room again. */
    private void offerWaiting(int listener) {
        flags[listener] &= ~FULL;
        while (waiting.count(listener) > 0 && port.room() > 64) {
            sendToListener(listener, waiting.take(listener));
        }
    }

    // ---- readiness pairs ----

    @Override
    protected void tellReadable(int slot) {
        if (near[slot] == NO_END) {
            flags[slot] |= OWED;
        } else {
            touched(port.packet(near[slot], shared.address() + at(slot)), slot);
            wakesSent++;
        }
    }

    /**
     * Packets were sent or read away. The error by which a close is told from the gateway's own shutdown is reported once only: if it is
     * this action that gets it, no event will tell.
     */
    private void touched(int action, int slot) {
        if ((flags[slot] & (SHOWN_EOF | SHOWN_SENDING_OVER)) != 0) {
            remember(action, slot, BatchActions.PACKETS);
        }
    }

    @Override
    protected void tellWritable(int slot, boolean always) {
        flags[slot] &= ~(HAS_PACKETS | HAD_PACKETS);
        if (near[slot] != NO_END) {
            touched(port.drain(near[slot], always ? 0 : shared.address() + at(slot)), slot);
        }
    }

    @Override
    protected void tellMarks(int slot, int marks) {
        int end = near[slot];
        if (end == NO_END) {
            return;
        }
        if ((marks & SocketState.IN_EOF) != 0 && (flags[slot] & SHOWN_EOF) == 0) {
            // Three packets stay unread, by which a close is told from the gateway's own shutdown of both directions (EPOLLERR).
            flags[slot] |= SHOWN_EOF;
            remember(port.end(end), slot, BatchActions.END);
        }
        if ((marks & SocketState.OUT_SHUT) != 0 && (flags[slot] & SHOWN_SENDING_OVER) == 0) {
            flags[slot] |= SHOWN_SENDING_OVER;
            port.shutdown(end, SHUT_RD);
        }
    }

    @Override
    protected void tellAnswered(int offset) {
        port.wake(shared.address() + offset);
        wakesSent++;
    }

    @Override
    protected void watchRoom(int slot, boolean room) {
        if ((flags[slot] & HAS_PACKETS) != 0) {
            watchfully(slot);
            if (room && (flags[slot] & HAD_PACKETS) != 0) {
                tellWritable(slot, true);
            } else if (room) {
                flags[slot] |= HAD_PACKETS;
            }
        }
    }

    // ---- lent ends ----

    @Override
    protected void news(int slot) {
        super.news(slot);
        loans.look(slot);
    }

    Loans loans() {
        return loans;
    }

    @Override
    protected void unexpected(int slot) {
        if (listenerOf[slot] != NONE) {
            flags[listenerOf[slot]] &= ~ARMS;
        }
    }

    /** True if both directions of the slot's pair are as they were made. */
    boolean isWhole(int slot) {
        return (flags[slot] & (SHOWN_EOF | SHOWN_SENDING_OVER | HAS_PACKETS | OWED)) == 0;
    }

    /** The slot has no pair any more. Returns the near end, which is the caller's. */
    int giveUpEnd(int slot) {
        int end = near[slot];
        near[slot] = NO_END;
        return end;
    }

    /** The kernel tells of the pair from now on. */
    void watchEnd(int slot) {
        port.watch(near[slot], EventPort.IN | EventPort.RDHUP | EventPort.EDGE, pairKey(slot));
    }

    /** An event of a pair. */
    void pairEvent(int slot, int events) {
        if (near[slot] == NO_END) {
            return;
        }
        boolean shutByUs = (flags[slot] & (SHOWN_EOF | SHOWN_SENDING_OVER)) == (SHOWN_EOF | SHOWN_SENDING_OVER);
        if ((events & EventPort.ERR) != 0 || (events & EventPort.HUP) != 0 && !shutByUs) {
            closed(slot);
            return;
        }
        if ((flags[slot] & LISTENER) != 0) {
            if ((events & EventPort.OUT) != 0) {
                offerWaiting(slot);
            }
        } else if ((events & EventPort.IN) != 0) {
            flags[slot] |= HAS_PACKETS;
            watchfully(slot);
        }
    }

    // ---- ends ----

    /** Of a closed socket all that is there goes: nobody may be left to tell of it. */
    @Override
    protected boolean isLate(int slot) {
        return (flags[slot] & CLOSED) == 0 && super.isLate(slot);
    }

    /** Nobody holds the application's end any more. */
    void closed(int slot) {
        if ((flags[slot] & CLOSED) == 0) {
            flags[slot] |= CLOSED;
            if (loans.lends() && listenerOf[slot] != NONE && isArmed(slot)) {
                flags[listenerOf[slot]] |= ARMS;
            }
            session.closedLater(this, slot);
        }
    }

    /** The listener is gone: who waits for it waits in vain. */
    void endWaiting(int listener) {
        flags[listener] &= ~LISTENER;
        while (waiting.count(listener) > 0) {
            closed(waiting.take(listener));
        }
    }

    @Override
    public void freeSlot(int slot) {
        if (near[slot] != NO_END) {
            port.close(near[slot]);
        }
        loans.forget(slot);
        leavePool(slot);
        near[slot] = NO_END;
        flags[slot] = 0;
        listenerOf[slot] = NONE;
        super.freeSlot(slot);
    }

    /** A fresh socket died before its first call: nobody else knows of it. */
    boolean isPooled(int slot) {
        return (flags[slot] & POOLED) != 0;
    }

    /** Closes every descriptor at once and unmaps the memory. The batch must be empty of this region. */
    void release() {
        loans.release(system);
        for (int slot = 0; slot < slots(); slot++) {
            if (near[slot] != NO_END) {
                system.close(near[slot]);
                near[slot] = NO_END;
            }
        }
        system.close(doorbell);
        system.close(poolNear);
        system.close(poolFar);
        close();
    }
}
