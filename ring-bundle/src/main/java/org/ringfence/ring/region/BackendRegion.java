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
 * told something (docs/protocol.md, "The readiness pair"). *How* it is told is left to a subclass: locally through readiness pairs.
 */
public abstract class BackendRegion extends MappedRegion implements ApplicationRegion {
    /** So many packets may lie in a readiness pair before the application is asked to read some away. The kernel takes eleven. */
    private static final int CROWD = 5;
    private static final int MOST_RESCUES = 2;
    private static final int ECONNRESET = 104;

    private final CommandRing commands;
    private final ReplyCells cells;
    private final PendingSlots pending;
    private final int[] state;
    private final int[] marks;
    private final int[] errorSequence;
    /** True while bytes or datagrams flow: the slot is connected, or a datagram socket. */
    private final boolean[] flowing;
    /** Position of the application when it was last sent a packet; -1 before the first. */
    private final long[] headAtLastPacket;
    /** Position of the application at the watchdog's last look; -1 when its in ring was empty then. */
    private final long[] headAtLastLook;
    /** Packets the application may not have read away, at most; and whether it has been asked to. */
    private final int[] packets;
    private final boolean[] crowded;
    /** Packets of the watchdog since the application last read. */
    private final byte[] rescues;
    /** Sockets whose watcher has let bytes lie: they get packets. */
    private final boolean[] distrusted;
    /** What watchers that are awake look at. */
    private final PendingSlots seen;
    /** Slots that the watchdog has to look at. */
    private final SlotSet watched;
    /** A call waits for the news that came before it, which is taken up to this stamp. */
    private boolean heldBack;
    private long until = PendingSlots.ALL;

    protected BackendRegion(SharedMemory shared, int id, String name, int pid) {
        super(shared, id, name, pid);
        commands = commandRing();
        cells = replyCells();
        pending = pendingToBackend();
        state = new int[slots()];
        marks = new int[slots()];
        errorSequence = new int[slots()];
        flowing = new boolean[slots()];
        headAtLastPacket = new long[slots()];
        headAtLastLook = new long[slots()];
        packets = new int[slots()];
        crowded = new boolean[slots()];
        rescues = new byte[slots()];
        distrusted = new boolean[slots()];
        seen = pendingToFrontend();
        watched = new SlotSet(slots());
    }

    protected BackendRegion(HandoverState from) {
        super(from);
        commands = commandRing().from(from.state("commands"));
        cells = new ReplyCells(memory, places().cellsAt(), from.state("cells"));
        pending = pendingToBackend().from(from.state("pending"));
        state = from.numbers("state");
        marks = from.numbers("marks");
        errorSequence = from.numbers("errorSequence");
        flowing = from.flags("flowing");
        headAtLastPacket = from.longNumbers("headAtLastPacket");
        headAtLastLook = from.longNumbers("headAtLastLook");
        packets = from.numbers("packets");
        crowded = from.flags("crowded");
        rescues = from.bytes("rescues");
        // a version before these were there sent packets only
        distrusted = from.has("distrusted") ? from.flags("distrusted") : new boolean[slots()];
        seen = from.has("seen") ? pendingToFrontend().from(from.state("seen")) : pendingToFrontend();
        watched = from.has("watched") ? new SlotSet(from.state("watched")) : SlotSet.below(highWater(), slots());
    }

    @Override
    protected HandoverState handOver() {
        return super.handOver().put("commands", commands.handOver()).put("cells", cells.handOver()).put("pending", pending.handOver()).put("state", state).put("marks", marks)
                .put("errorSequence", errorSequence).put("flowing", flowing).put("headAtLastPacket", headAtLastPacket)
                .put("headAtLastLook", headAtLastLook).put("packets", packets).put("crowded", crowded).put("rescues", rescues)
                .put("watchful", true).put("distrusted", distrusted).put("seen", seen.handOver())
                .put("watched", watched.handOver());
    }

    // ---- how the application is told ----

    /** Makes the socket readable. */
    protected abstract void tellReadable(int slot);

    /** Makes the socket writable. */
    protected abstract void tellWritable(int slot);

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
        heldBack = false;
        return commands.take(into);
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
        state[slot] = SocketState.FREE;
        marks[slot] = 0;
        flowing[slot] = false;
        headAtLastPacket[slot] = -1;
        headAtLastLook[slot] = -1;
        packets[slot] = 0;
        crowded[slot] = false;
        rescues[slot] = 0;
        distrusted[slot] = false;
        memory.putInt(s + SlotLayout.ARMED, 0); // before the first packet: who receives the socket does it too late
        memory.putInt(s + SlotLayout.STATE, SocketState.FREE).putInt(s + SlotLayout.ERROR, errorSequence[slot] << 16);
        memory.putInt(s + SlotLayout.MARKS, 0).putInt(s + SlotLayout.IN_BLOCKED, 0);
        memory.putLong(s + SlotLayout.IN_TAIL, 0).putLong(s + SlotLayout.IN_BASE, 0).putLong(s + SlotLayout.OUT_HEAD, 0);
        memory.putInt(s + SlotLayout.CROWDED, 0).putInt(s + SlotLayout.TOLD, 0);
        memory.putLong(s + SlotLayout.IN_USED, grants(Direction.IN).used(slot));
        memory.putInt(s + SlotLayout.LOCAL, 0).putInt(s + SlotLayout.PEER, 0);
        // The application's words, too: nobody has the socket yet. Whoever receives it does the same, and may be trusted less.
        memory.putLong(s + SlotLayout.OUT_TAIL, 0).putLong(s + SlotLayout.OUT_BASE, 0).putLong(s + SlotLayout.IN_HEAD, 0);
        memory.putLong(s + SlotLayout.OUT_USED, grants(Direction.OUT).used(slot));
        memory.putInt(s + SlotLayout.OUT_BLOCKED, 0).putInt(s + SlotLayout.KICK, 0);
        memory.putInt(s + SlotLayout.ERROR_TAKEN, errorSequence[slot]);
        memory.putLong(s + SlotLayout.IN_URGENT, 0).putLong(s + SlotLayout.OUT_URGENT, 0).putLong(s + SlotLayout.OUT_MORE, 0);
        memory.putInt(s + SlotLayout.URGENT_TAKEN, 0).putInt(s + SlotLayout.URGENT_WISH, 0);
    }

    protected final int state(int slot) {
        return state[slot];
    }

    protected final int marks(int slot) {
        return marks[slot];
    }

    private void setState(int slot, int value) {
        state[slot] = value;
        Words.setIntRelease(memory, at(slot) + SlotLayout.STATE, value);
    }

    private void addMarks(int slot, int added) {
        if ((marks[slot] | added) != marks[slot]) {
            marks[slot] |= added;
            Words.setIntRelease(memory, at(slot) + SlotLayout.MARKS, marks[slot]);
            tellMarks(slot, marks[slot]);
        }
    }

    @Override
    public void opened(int slot) {
        setState(slot, SocketState.OPEN);
    }

    @Override
    public void listening(int slot) {
        setState(slot, SocketState.LISTENING);
    }

    @Override
    public void notConnected(int slot) {
        setState(slot, SocketState.OPEN);
        Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED);
        tellWritable(slot);
    }

    @Override
    public void connecting(int slot) {
        forgetAttempt(slot); // an application whose shim dates from before dissolving connects at once
        setState(slot, SocketState.CONNECTING);
    }

    @Override
    public boolean carryDatagrams(int slot) {
        flowing[slot] = true;
        return super.carryDatagrams(slot);
    }

    @Override
    public void connected(int slot) {
        flowing[slot] = true;
        setState(slot, SocketState.CONNECTED);
        Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED);
        tellWritable(slot);
    }

    @Override
    public void endOfFile(int slot) {
        addMarks(slot, SocketState.IN_EOF);
    }

    @Override
    public void sendingOver(int slot) {
        addMarks(slot, SocketState.OUT_SHUT);
    }

    private void setError(int slot, int errno) {
        errorSequence[slot] = errorSequence[slot] + 1 & 0xffff;
        Words.setIntRelease(memory, at(slot) + SlotLayout.ERROR, errorSequence[slot] << 16 | errno & 0xffff);
    }

    @Override
    public void report(int slot, int errno) {
        setError(slot, errno);
        tellReadable(slot);
    }

    @Override
    public void failed(int slot, int errno) {
        flowing[slot] = false;
        setError(slot, errno);
        setState(slot, SocketState.FAILED);
        Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED);
        tellWritable(slot);
        addMarks(slot, SocketState.RESET | SocketState.IN_EOF | SocketState.OUT_SHUT);
    }

    @Override
    public void attemptFailed(int slot, int errno) {
        setError(slot, errno);
        addMarks(slot, SocketState.RESET); // no end: the pair is to be used again
        setState(slot, SocketState.FAILED);
        Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED);
        tellWritable(slot);
        // One of them may be read away by who is just doing so and looks at the marks too early.
        tellReadable(slot);
        tellReadable(slot);
    }

    private void forgetAttempt(int slot) {
        if (marks[slot] == SocketState.RESET) {
            marks[slot] = 0;
            Words.setIntRelease(memory, at(slot) + SlotLayout.MARKS, 0);
        }
    }

    @Override
    public void dissolved(int slot) {
        forgetAttempt(slot);
        if (flowing[slot]) {
            // The program holds both locks until it has the answer: nobody else is at the rings.
            flowing[slot] = false;
            headAtLastPacket[slot] = -1;
            headAtLastLook[slot] = -1;
            packets[slot] = 0;
            crowded[slot] = false;
            rescues[slot] = 0;
            holds(slot, false);
            memory.putInt(at(slot) + SlotLayout.CROWDED, 0);
            emptyRings(slot);
            setError(slot, ECONNRESET); // as tcp_disconnect() of Linux leaves it
        }
        notConnected(slot);
    }

    @Override
    public void sendingFailed(int slot, int errno) {
        setError(slot, errno);
        addMarks(slot, SocketState.OUT_SHUT);
        Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED);
        tellWritable(slot);
    }

    @Override
    public void refused(int slot, int errno) {
        setError(slot, errno);
        notConnected(slot);
    }

    @Override
    public boolean hasUnread(int slot) {
        return word(slot, SlotLayout.IN_TAIL) != word(slot, SlotLayout.IN_HEAD);
    }

    @Override
    public void setLocal(int slot, byte[] address, int offset, int length) {
        setName(at(slot) + SlotLayout.LOCAL, address, offset, length);
    }

    @Override
    public void setPeer(int slot, byte[] address, int offset, int length) {
        setName(at(slot) + SlotLayout.PEER, address, offset, length);
    }

    private void setName(int at, byte[] address, int offset, int length) {
        int n = Math.min(length, SlotLayout.MAX_ADDRESS);
        memory.put(at + SlotLayout.NAME_ADDRESS, address, offset, n);
        Words.setIntRelease(memory, at, n);
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
        }
        if (slot >= 0 && isOpen(slot)) {
            if (Words.takeFlag(memory, at(slot) + SlotLayout.KICK) && (readable(slot) || errorUntold(slot) || urgentWanted(slot))) {
                packets[slot] = 0; // whoever kicks has read them away
                wakeReader(slot);
            }
            if (flowing[slot] && hasRoom(slot) && Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED)) {
                tellWritable(slot);
            }
        }
        return slot;
    }

    /** The packet that told of a datagram socket's error may have been read away with those that told of datagrams. */
    private boolean errorUntold(int slot) {
        return flowing[slot] && errorSequence[slot] != (intWord(slot, SlotLayout.ERROR_TAKEN) & 0xffff);
    }

    private boolean readable(int slot) {
        return readable(slot, word(slot, SlotLayout.IN_HEAD), Words.getOpaque(memory, at(slot) + SlotLayout.IN_TAIL));
    }

    /** False also if the only byte is an urgent one that no read gets, as on Linux. */
    private boolean readable(int slot, long head, long tail) {
        return tail != head && (tail - head != 1 || urgentAt(slot) != head + 1 || (intWord(slot, SlotLayout.URGENT_WISH) & SlotLayout.WISH_INLINE) != 0);
    }

    /** One more than the position of the last urgent byte, 0 if there was none. */
    private long urgentAt(int slot) {
        return Words.getOpaque(memory, at(slot) + SlotLayout.IN_URGENT) >>> Byte.SIZE;
    }

    private boolean urgentWanted(int slot) {
        return urgentAt(slot) != 0 && (intWord(slot, SlotLayout.URGENT_WISH) & SlotLayout.WISH_TOLD) != 0;
    }

    private boolean hasRoom(int slot) {
        long filled = word(slot, SlotLayout.OUT_TAIL) - Words.getOpaque(memory, at(slot) + SlotLayout.OUT_HEAD);
        long size = ringBytes(slot, Direction.OUT);
        return isRoom(slot, size - filled, size);
    }

    /** Half of the ring; all of it if its producer was granted another one, which it moves to before it produces again. */
    private boolean isRoom(int slot, long free, long size) {
        return grants(Direction.OUT).isMoving(slot) ? free >= size : free * 2 >= size;
    }

    @Override
    void again(int slot) {
        pending.set(slot);
    }

    @Override
    PendingSlots peersNews() {
        return pending;
    }

    @Override
    void stamp(int slot) {
        seen.stamp(slot);
    }

    @Override
    void published(int slot) {
        watched.add(slot);
        long head = word(slot, SlotLayout.IN_HEAD);
        if (head != headAtLastPacket[slot] && readable(slot, head, Words.getOpaque(memory, at(slot) + SlotLayout.IN_TAIL))) {
            headAtLastPacket[slot] = head;
            if (distrusted[slot] || !isSeen(slot)) {
                wakeReader(slot);
            }
        }
    }

    @Override
    void urgent(int slot, long word) {
        Words.setRelease(memory, at(slot) + SlotLayout.IN_URGENT, word);
        VarHandle.fullFence(); // who wishes to be told says so, fences and looks at the word
        if (urgentWanted(slot)) {
            wakeReader(slot);
        }
    }

    /**
     * True if the one watcher of the socket is awake: it sees the bit that is set here before it sleeps, and needs no packet
     * (docs/protocol.md, "Awake"). The same as {@code rf_readable_seen} of readiness.c.
     */
    private boolean isSeen(int slot) {
        int watcher = intWord(slot, SlotLayout.ARMED);
        if (watcher <= 0 || watcher >= HeaderLayout.WATCHERS) {
            return false;
        }
        seen.set(slot);
        VarHandle.fullFence();
        int word = HeaderLayout.ANSWERED + Integer.BYTES * watcher;
        int process = Words.getIntOpaque(memory, word);
        if (process == 0 || (process & 1) == 0) {
            return process != 0;
        }
        return ((int) Words.INT.getAndBitwiseAnd(memory, word, ~1) & 1) == 0;
    }

    /**
     * Sends a packet. Where the reader leaves bytes in the ring it leaves packets, too; before there are so many that the kernel takes
     * no more it is asked to read some away, because a packet that does not go out wakes no edge-triggered reader.
     */
    private void wakeReader(int slot) {
        int flag = at(slot) + SlotLayout.CROWDED;
        if (crowded[slot] && Words.getIntOpaque(memory, flag) == 0) {
            crowded[slot] = false;
            packets[slot] = Math.max(0, packets[slot] - SlotLayout.CROWD_TAKEN);
        }
        if (++packets[slot] >= CROWD && !crowded[slot]) {
            crowded[slot] = true;
            Words.setIntRelease(memory, flag, 1);
        }
        tellReadable(slot);
    }

    /** A packet goes out before anyone has the socket: the first that it will have heard. */
    protected final void told(int slot) {
        Words.setIntRelease(memory, at(slot) + SlotLayout.TOLD, 1);
    }

    @Override
    void taken(int slot, long free, long size) {
        if (isRoom(slot, free, size) && Words.takeFlag(memory, at(slot) + SlotLayout.OUT_BLOCKED)) {
            tellWritable(slot);
        }
    }

    /** True if the watchdog has something to watch: call {@link #watch} within 50 ms. */
    public final boolean isWatchful() {
        return !watched.isEmpty();
    }

    /** A socket sent packets of its own: it waits for room, or was killed before it could say so. */
    protected final void watchfully(int slot) {
        watched.add(slot);
    }

    /**
     * The watchdog: what a kill -9 between two steps of the protocol has left behind is put right. Called every 50 ms while
     * {@link #isWatchful}.
     */
    public void watch() {
        for (int slot = watched.from(0); slot >= 0; slot = watched.from(slot + 1)) {
            watched.remove(slot); // until there is reason to look again
            if (!isOpen(slot) || !flowing[slot]) {
                continue;
            }
            long head = word(slot, SlotLayout.IN_HEAD);
            if (!readable(slot, head, Words.getOpaque(memory, at(slot) + SlotLayout.IN_TAIL))) {
                headAtLastLook[slot] = -1;
            } else {
                watched.add(slot);
                if (head != headAtLastLook[slot]) {
                    rescues[slot] = 0;
                } else if (rescues[slot] < MOST_RESCUES) {
                    rescues[slot]++;
                    distrusted[slot] = true;
                    wakeReader(slot);
                }
                headAtLastLook[slot] = head;
            }
            watchRoom(slot, hasRoom(slot));
        }
    }

    /** The watchdog's look at a slot's own packets. */
    protected abstract void watchRoom(int slot, boolean room);

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
