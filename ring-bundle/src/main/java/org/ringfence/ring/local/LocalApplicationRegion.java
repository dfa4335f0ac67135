package org.ringfence.ring.local;

import org.ringfence.api.call.Operation;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.layout.AttachLayout;

/**
 * An application on this machine: its processes, and the ends that it is sent, of fresh sockets into its pool and of connections to its
 * listeners. What is told through them is {@link PairedRegion}'s, and which of them come back {@link Loans}' matter.
 */
final class LocalApplicationRegion extends PairedRegion {
    /** Fresh sockets that wait in the pool. */
    private static final int POOL_SIZE = 16;
    private static final int NO_PACKET = -1;
    private static final int EAGAIN = 11;
    private static final long NOTHING = -1;
    /** After that long without a process it is looked for what nobody will end. */
    private static final long ALONE_NANOSECONDS = 5_000_000_000L;

    private final NativeSystem system;
    private final LocalSession session;
    private final String launch;
    private final Channels channels;
    private int attached;
    /** When the last process went, or since when nobody has looked for what is over. */
    private long alone = System.nanoTime();
    private int pooled;
    /** The last of the closed sockets that the next call waits for; {@link #NOTHING}: it was not asked about yet. Another version asks anew. */
    private long awaited = NOTHING;
    private boolean listenersEnded;

    private final ListenerQueues queues;
    private final Offer offer = new Offer();
    private final Loans loans;

    LocalApplicationRegion(LocalSession session, NativeSystem system, EventPort port, SharedMemory shared, int id, String name, String launch,
            int pid, Channels channels) {
        super(port, shared, id, name, pid);
        this.session = session;
        this.system = system;
        this.launch = launch;
        this.channels = channels;
        queues = new ListenerQueues(rows());
        loans = new Loans(this, pairs, port, true);
        channels.watch(port, id);
    }

    /** Goes on where another version stopped; what the port watches it goes on watching. */
    LocalApplicationRegion(LocalSession session, NativeSystem system, EventPort port, HandoverState from) {
        super(port, from);
        this.session = session;
        this.system = system;
        launch = from.text("launch");
        channels = Channels.from(from);
        attached = from.number("attached");
        pooled = from.number("pooled");
        queues = new ListenerQueues(from);
        loans = from.has("loans") ? new Loans(this, pairs, port, from.state("loans")) : new Loans(this, pairs, port, false);
    }

    @Override
    protected HandoverState handOver() {
        HandoverState all = super.handOver().put("launch", launch).put("attached", attached).put("pooled", pooled)
                .put("loans", loans.handOver());
        channels.save(all);
        queues.save(all);
        return all;
    }

    @Override
    protected void grow(int rows) {
        super.grow(rows);
        queues.grow(rows);
        loans.grow(rows);
    }

    @Override
    protected boolean takeHeap(long bytes) {
        return session.regions().takeHeap(bytes);
    }

    String launch() {
        return launch;
    }

    /** Descriptors of a welcome. */
    int[] descriptors() {
        return new int[] {shared.descriptor(), channels.doorbell(), channels.poolFar()};
    }

    // ---- who is there ----

    void processAttached() {
        attached++;
    }

    void processDetached() {
        attached--;
        alone = System.nanoTime();
        loans.endAll();
    }

    /**
     * A look of the watchdog, where no process is attached any more. A close of a socket of which both ends were shown is told from the gateway's own
     * shutdown by packets that lie unread; who has read them away and gone leaves no trace. Nothing can be done with such a socket, so it is closed.
     */
    void endWhatIsOver(long now) {
        if (attached == 0 && openSlots() > pooled && now - alone > ALONE_NANOSECONDS) {
            alone = now;
            for (int slot = 0; slot < highWater(); slot++) {
                if (isOpen(slot) && flags.all(slot, SlotFlags.SHOWN_BOTH)) {
                    closed(slot);
                }
            }
        }
    }

    /** True if no process is attached and no socket but the pool's is left. */
    boolean isAbandoned() {
        return attached == 0 && openSlots() == pooled;
    }

    // ---- calls ----

    /** What was closed before a BIND, LISTEN or CONNECT is closed before it; there may be too much of it for one turn. */
    @Override
    protected boolean mayTake(int operation) {
        if (operation != Operation.BIND.number() && operation != Operation.LISTEN.number() && operation != Operation.CONNECT.number()) {
            return true;
        }
        if (awaited == NOTHING) {
            awaited = session.harvestForCall();
        }
        if (!listenersEnded && session.gone().isTold(awaited)) {
            listenersEnded = true;
            awaited = session.gone().last(); // who waited at listeners that were among them
        }
        if (!session.gone().isTold(awaited)) {
            return false;
        }
        awaited = NOTHING;
        listenersEnded = false;
        return true;
    }

    // ---- the pool of fresh sockets ----

    void fillPool() {
        while (attached > 0 && pooled < POOL_SIZE && port.room() > 16) {
            int slot = openSlot(0, 0, 0);
            if (slot < 0) {
                return;
            }
            flags.set(slot, SlotFlags.POOLED);
            pooled++;
            send(channels.poolNear(), slot, false);
        }
    }

    /** A socket is taken out of the pool: its application has it, or it is gone. */
    @Override
    public void claimed(int slot) {
        if (flags.take(slot, SlotFlags.POOLED)) {
            pooled--;
        }
    }

    // ---- offers ----

    private void send(int channel, int slot, boolean readable) {
        offer.begin(slot, generation(slot));
        boolean accepted = !isPooled(slot);
        if (accepted) {
            copyNames(slot, offer.bytes, AttachLayout.OFFER_LOCAL);
        }
        if (accepted && loans.hasStock()) {
            int near = loans.lendAgain(slot);
            pairs.know(slot, near);
            setCookie(slot, loans.cookie(slot));
            int first = readable ? near : NO_PACKET;
            remember(port.lendAgain(channel, loans.copy(slot), first, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.LEND_AGAIN);
            tellMarks(slot, marks(slot)); // of one that waited
        } else if (accepted && loans.hasRoom()) {
            loans.promise(slot);
            remember(port.lend(channel, readable, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.LEND);
        } else {
            remember(port.offer(channel, pairs.key(slot), readable, offer.bytes, AttachLayout.OFFER_BYTES), slot, BatchActions.OFFER);
        }
    }

    private void remember(int action, int slot, byte kind) {
        actions.add(action, slot, generation(slot), kind);
    }

    @Override
    public void offer(int listener, int slot) {
        queues.came(listener, slot);
        if (queues.count(listener) > 0 || flags.any(listener, SlotFlags.FULL) || !pairs.isKnown(listener)) {
            queues.add(listener, slot);
        } else {
            sendToListener(listener, slot);
        }
    }

    private void sendToListener(int listener, int slot) {
        boolean readable = flags.take(slot, SlotFlags.OWED);
        if (readable && flags.any(listener, SlotFlags.ARMS)) {
            expect(slot);
            readable = false;
        } else if (readable) {
            told(slot);
        }
        send(pairs.end(listener), slot, readable);
    }

    @Override
    public int waiting(int listener) {
        return queues.count(listener);
    }

    @Override
    public boolean withdraw(int listener, int slot) {
        if (!queues.remove(listener, slot)) {
            return false;
        }
        queues.forget(slot);
        return true;
    }

    @Override
    public void listening(int slot) {
        super.listening(slot);
        flags.set(slot, SlotFlags.LISTENER);
        if (pairs.isKnown(slot)) {
            pairs.watchRoom(slot);
        }
    }

    /** The batch was carried out: the ends of the pairs offered in it are known, and which applications' ends were gone. */
    void settle() {
        pairs.settle();
        actions.settle(port, this);
        loans.settle();
    }

    /** An offer has a result: the gateway's end of the pair, or the negated error with which nobody got the other. */
    void offered(int slot, int action, int result) {
        if (result >= 0) {
            pairs.know(slot, result);
            setCookie(slot, port.cookie(action));
            catchUp(slot);
        } else {
            notOffered(slot, -result);
        }
    }

    /** Nobody got the slot's end. */
    void notOffered(int slot, int errno) {
        int listener = queues.listenerOf(slot);
        if (isPooled(slot)) {
            claimed(slot);
            freeSlot(slot);
        } else if (listener != ListenerQueues.NONE && errno == EAGAIN && flags.any(listener, SlotFlags.LISTENER)) {
            flags.set(listener, SlotFlags.FULL);
            flags.set(slot, SlotFlags.OWED); // harmless if there is nothing to read
            queues.add(listener, slot);
        } else {
            closed(slot);
        }
    }

    /** The listener's queue has room again, which is told once: what this batch has no room for goes with the next. */
    private void offerWaiting(int listener) {
        flags.clear(listener, SlotFlags.FULL);
        while (queues.count(listener) > 0 && port.room() > 64) {
            sendToListener(listener, queues.take(listener));
        }
        if (queues.count(listener) > 0) {
            queues.postpone(listener);
        }
    }

    /** A batch begins: offers what those before had no room for. */
    void offerPostponed() {
        for (int at = 0, listener; (listener = queues.takePostponed(at)) != ListenerQueues.NONE; at = listener + 1) {
            if (!flags.any(listener, SlotFlags.FULL)) {
                offerWaiting(listener);
            }
        }
    }

    @Override
    public boolean hasWork() {
        return super.hasWork() || queues.hasPostponed();
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
        setArms(slot, false);
    }

    /** Whether connections of the listener that the slot's came through are expected to be armed. */
    private void setArms(int slot, boolean arms) {
        int listener = queues.listenerOf(slot);
        if (listener != ListenerQueues.NONE) {
            flags.put(listener, SlotFlags.ARMS, arms);
        }
    }

    /** An event of a pair. */
    void pairEvent(int slot, int events) {
        if (!pairs.isKnown(slot)) {
            return;
        }
        if (pairs.isOver(slot, events)) {
            closed(slot);
        } else if (flags.any(slot, SlotFlags.LISTENER)) {
            if ((events & EventPort.OUT) != 0) {
                offerWaiting(slot);
            }
        } else if ((events & EventPort.IN) != 0) {
            flags.set(slot, SlotFlags.HAS_PACKETS);
            watchfully(slot);
        }
    }

    // ---- ends ----

    /** Nobody holds the application's end any more. */
    void closed(int slot) {
        if (!flags.any(slot, SlotFlags.CLOSED)) {
            flags.set(slot, SlotFlags.CLOSED);
            if (loans.lends() && isArmed(slot)) {
                setArms(slot, true);
            }
            session.closedLater(this, slot);
        }
    }

    /** The listener is gone: who waits for it waits in vain. */
    void endWaiting(int listener) {
        flags.clear(listener, SlotFlags.LISTENER);
        while (queues.count(listener) > 0) {
            closed(queues.take(listener));
        }
    }

    @Override
    public void freeSlot(int slot) {
        pairs.forget(slot);
        loans.forget(slot);
        claimed(slot);
        flags.clear(slot, ~0);
        queues.forget(slot);
        queues.notPostponed(slot);
        super.freeSlot(slot);
    }

    /** A fresh socket died before its first call: nobody else knows of it. */
    boolean isPooled(int slot) {
        return flags.any(slot, SlotFlags.POOLED);
    }

    /** Closes every descriptor at once and unmaps the memory. The batch must be empty of this region. */
    void release() {
        loans.release(system);
        pairs.release(system);
        channels.release(system);
        close();
    }
}
