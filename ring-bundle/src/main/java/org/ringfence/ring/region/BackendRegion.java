package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.RegionUsage;
import org.ringfence.api.transport.SocketState;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * The region of an application with the gateway as backend: calls, answers, the state of sockets, and *when* the application has to be
 * told something (docs/readiness.md). *How* it is told is left to a subclass: locally through readiness pairs.
 */
public abstract class BackendRegion extends MappedRegion implements ApplicationRegion {
    private static final int ECONNRESET = 104;

    private final CommandRing commands;
    private final ReplyCells cells;
    private final PendingSlots pending;
    private final SocketWords words;
    private final Readiness readiness;
    /** A call waits for the news that came before it, which is taken up to this stamp. */
    private boolean heldBack;
    private long until = PendingSlots.ALL;

    protected BackendRegion(SharedMemory shared, int id, String name, int pid) {
        super(shared, id, name, pid);
        commands = commandRing();
        cells = replyCells();
        pending = pendingToBackend();
        words = new SocketWords(this);
        readiness = new Readiness(this);
    }

    protected BackendRegion(HandoverState from) {
        super(from);
        commands = commandRing().from(from.state("commands"));
        cells = new ReplyCells(memory, places().cellsAt(), from.state("cells"));
        pending = pendingToBackend().from(from.state("pending"));
        words = new SocketWords(this, from);
        readiness = new Readiness(this, from);
    }

    @Override
    protected HandoverState handOver() {
        HandoverState all = super.handOver().put("commands", commands.handOver()).put("cells", cells.handOver())
                .put("pending", pending.handOver());
        words.save(all);
        readiness.save(all);
        return all;
    }

    @Override
    protected void grow(int rows) {
        super.grow(rows);
        words.grow(rows);
        readiness.grow(rows);
    }

    // ---- how the application is told ----

    /** Makes the socket readable. */
    protected abstract void tellReadable(int slot);

    /** Makes the socket readable, if nothing lies there that does. */
    protected abstract void remindReadable(int slot);

    /**
     * Makes the socket writable.
     *
     * @param always also if it waits for room anew by then
     */
    protected abstract void tellWritable(int slot, boolean always);

    /** The watchdog's look at a slot's own packets. */
    protected abstract void watchRoom(int slot, boolean room);

    /** Shows what the marks say: end of file, sending over, reset. */
    protected abstract void tellMarks(int slot, int marks);

    /** Wakes a caller; the word it sleeps on is at {@code offset}. */
    protected abstract void tellAnswered(int offset);

    // ---- calls ----

    @Override
    public boolean takeCall(Call into) throws ProtocolViolation {
        if (!commands.any()) {
            return false;
        }
        long stamp = commands.stamp();
        if (!heldBack && pending.find(stamp)) {
            // What was written before the call has its turn before it; and no call waits more than once.
            heldBack = true;
            until = stamp;
            return false;
        }
        heldBack = !mayTake(commands.operation());
        return !heldBack && commands.take(into);
    }

    /** False if the next call is to wait for something else: it is asked about again. */
    protected boolean mayTake(int operation) {
        return true;
    }

    @Override
    public void answer(int cell, long callNumber, Answer answer) {
        int sleeper = cells.answer(cell, callNumber, answer);
        if (sleeper >= 0) {
            tellAnswered(sleeper);
        }
    }

    @Override
    public RegionUsage usage() {
        return usage(commands, HeaderLayout.COMMAND_TAIL, -1, cells.cells());
    }

    // ---- sockets ----

    @Override
    protected void resetOwnWords(int slot) {
        int s = at(slot);
        words.reset(slot);
        readiness.reset(slot);
        memory.putInt(s + SlotLayout.LOCAL, 0).putInt(s + SlotLayout.PEER, 0);
        memory.putLong(s + SlotLayout.IN_USED, grants(Direction.IN).used(slot));
        // The application's words, too: nobody has the socket yet. Whoever receives it does the same, and may be trusted less.
        emptyRings(slot);
        memory.putLong(s + SlotLayout.OUT_USED, grants(Direction.OUT).used(slot)).putLong(s + SlotLayout.OUT_MORE, 0);
        memory.putInt(s + SlotLayout.URGENT_WISH, 0).putInt(s + SlotLayout.LENT, 0).putInt(s + SlotLayout.RETURNED, 0).putInt(s + SlotLayout.KEPT, 0).putInt(s + SlotLayout.BLOCKING, 0);
    }

    final boolean isFlowing(int slot) {
        return words.isFlowing(slot);
    }

    protected final int state(int slot) {
        return words.state(slot);
    }

    protected final int marks(int slot) {
        return words.marks(slot);
    }

    private void addMarks(int slot, int added) {
        if (words.addMarks(slot, added)) {
            tellMarks(slot, marks(slot));
        }
    }

    @Override
    public void opened(int slot) {
        words.setState(slot, SocketState.OPEN);
    }

    @Override
    public void listening(int slot) {
        words.setState(slot, SocketState.LISTENING);
    }

    @Override
    public void notConnected(int slot) {
        words.setState(slot, SocketState.OPEN);
        readiness.unblock(slot);
    }

    @Override
    public void connecting(int slot) {
        forgetAttempt(slot); // an application whose shim dates from before dissolving connects at once
        words.setState(slot, SocketState.CONNECTING);
    }

    @Override
    public boolean carryDatagrams(int slot) {
        words.setFlowing(slot, true);
        return super.carryDatagrams(slot);
    }

    @Override
    public void connected(int slot) {
        words.setFlowing(slot, true);
        words.setState(slot, SocketState.CONNECTED);
        readiness.unblock(slot);
    }

    @Override
    public void endOfFile(int slot) {
        addMarks(slot, SocketState.IN_EOF);
    }

    @Override
    public void sendingOver(int slot) {
        addMarks(slot, SocketState.OUT_SHUT);
    }

    @Override
    public void report(int slot, int errno) {
        words.setError(slot, errno);
        tellReadable(slot);
    }

    @Override
    public void failed(int slot, int errno) {
        words.setFlowing(slot, false);
        words.setError(slot, errno);
        words.setState(slot, SocketState.FAILED);
        readiness.unblock(slot);
        addMarks(slot, SocketState.RESET | SocketState.IN_EOF | SocketState.OUT_SHUT);
    }

    @Override
    public void attemptFailed(int slot, int errno) {
        words.setError(slot, errno);
        addMarks(slot, SocketState.RESET); // no end: the pair is to be used again
        words.setState(slot, SocketState.FAILED);
        readiness.unblock(slot);
        // One of them may be read away by who is just doing so and looks at the marks too early.
        tellReadable(slot);
        tellReadable(slot);
    }

    private void forgetAttempt(int slot) {
        if (marks(slot) == SocketState.RESET) {
            words.setMarks(slot, 0);
        }
    }

    @Override
    public void dissolved(int slot) {
        forgetAttempt(slot);
        if (words.isFlowing(slot)) {
            // The program holds both locks until it has the answer: nobody else is at the rings.
            words.setFlowing(slot, false);
            readiness.restart(slot);
            holds(slot, false);
            emptyRings(slot);
            words.setError(slot, ECONNRESET); // as tcp_disconnect() of Linux leaves it
        }
        notConnected(slot);
    }

    @Override
    public void sendingFailed(int slot, int errno) {
        words.setError(slot, errno);
        addMarks(slot, SocketState.OUT_SHUT);
        readiness.unblock(slot);
    }

    @Override
    public void refused(int slot, int errno) {
        words.setError(slot, errno);
        notConnected(slot);
    }

    @Override
    public boolean hasUnread(int slot) {
        return word(slot, SlotLayout.IN_TAIL) != word(slot, SlotLayout.IN_HEAD);
    }

    @Override
    public boolean awaitsRoom(int slot) {
        return Words.getIntOpaque(memory, at(slot) + SlotLayout.OUT_BLOCKED) != 0;
    }

    @Override
    public void setLocal(int slot, byte[] address, int offset, int length) {
        setName(at(slot) + SlotLayout.LOCAL, address, offset, length);
    }

    @Override
    public void setPeer(int slot, byte[] address, int offset, int length) {
        setName(at(slot) + SlotLayout.PEER, address, offset, length);
    }

    /** The local and peer names as they lie in the slot, for an offer: two names of 32 bytes. */
    protected final void copyNames(int slot, byte[] into, int offset) {
        memory.get(at(slot) + SlotLayout.LOCAL, into, offset, 2 * SlotLayout.NAME_BYTES);
    }

    @Override
    public long outTail(int slot) {
        return word(slot, SlotLayout.OUT_TAIL);
    }

    // ---- readiness ----

    @Override
    public int takePending() {
        int slot = pending.take(until);
        if (slot < 0) {
            until = PendingSlots.ALL;
        } else if (isOpen(slot)) {
            news(slot);
        }
        return slot;
    }

    /** See {@link Readiness#expect}. */
    protected final void expect(int slot) {
        readiness.expect(slot);
    }

    protected final boolean isArmed(int slot) {
        return readiness.isArmed(slot);
    }

    /** It was expected that somebody would look at the slot's first bytes, and nobody has. */
    protected abstract void unexpected(int slot);

    /** The application has news of the slot. */
    protected void news(int slot) {
        readiness.news(slot);
    }

    /** The packet that told of a datagram socket's error may have been read away with those that told of datagrams. */
    final boolean errorUntold(int slot) {
        return words.isFlowing(slot) && words.hasError(slot);
    }

    /** A turn begins: slots that had more than their share in the last one go on. */
    public final void nextTurn() {
        pending.nextTurn();
    }

    @Override
    PendingSlots peersNews() {
        return pending;
    }

    @Override
    void stamp(int slot) {
        readiness.stamp(slot);
    }

    @Override
    void published(int slot) {
        readiness.published(slot);
    }

    @Override
    void urgent(int slot, long word) {
        Words.setRelease(memory, at(slot) + SlotLayout.IN_URGENT, word);
        VarHandle.fullFence();
        readiness.urgent(slot);
    }

    /** A packet goes out before anyone has the socket: the first that it will have heard. */
    protected final void told(int slot) {
        Words.setIntRelease(memory, at(slot) + SlotLayout.TOLD, 1);
    }

    @Override
    void taken(int slot, long free, long size) {
        readiness.taken(slot, free, size);
    }

    /** True if the watchdog has something to watch: call {@link #watch} within 50 ms. */
    public final boolean isWatchful() {
        return readiness.isWatchful();
    }

    /** A socket sent packets of its own: it waits for room, or was killed before it could say so. */
    protected final void watchfully(int slot) {
        readiness.watchfully(slot);
    }

    /** The watchdog: what a kill -9 between two steps of the protocol has left behind is put right. Called every 50 ms while {@link #isWatchful}. */
    public void watch() {
        readiness.watch();
    }

    protected final void setCookie(int slot, long cookie) {
        Words.setRelease(memory, at(slot) + SlotLayout.COOKIE, cookie);
    }

    @Override
    protected Direction produced() {
        return Direction.IN;
    }

    @Override
    protected int asleepField() {
        return HeaderLayout.BACKEND_ASLEEP;
    }

    @Override
    public boolean hasWork() {
        return commands.any() || pending.any();
    }
}
