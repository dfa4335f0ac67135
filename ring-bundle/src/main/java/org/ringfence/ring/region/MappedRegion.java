package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Region;
import org.ringfence.api.transport.RegionUsage;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.RecordLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * What the gateway's two sides of a region have in common: the table of slots and the pool of rings, which it owns in both.
 */
public abstract class MappedRegion implements Region {
    private final int id;
    private final String name;
    private final int pid;
    protected final SharedMemory shared;
    protected final ByteBuffer memory;
    private final RegionPlaces places;
    private final int slots;
    private final int slotsAt;
    private final int poolAt;
    private final RingPool pool;
    private final RingGrants in;
    private final RingGrants out;

    private final Slots open;
    /** For {@link #wakesSent()}, counted by whoever wakes. */
    protected long wakesSent;
    private long wakesReceived;
    private final IdleRings idleRings;
    /** Slots in whose ring of the gateway's are bytes that its consumer is not shown. */
    private final SlotSet holding;

    protected MappedRegion(SharedMemory shared, int id, String name, int pid) {
        this.shared = shared;
        this.id = id;
        this.name = name;
        this.pid = pid;
        memory = shared.buffer();
        places = RegionPlaces.read(memory);
        slots = places.slots();
        slotsAt = places.slotsAt();
        poolAt = places.poolAt();
        pool = new RingPool(places.poolBytes(), shared, poolAt, this::takeHeap);
        open = new Slots(slots);
        in = new RingGrants(memory, pool, RingOffsets.IN, slotsAt, SlotLayout.BYTES, firstOrder(Direction.IN), rows());
        out = new RingGrants(memory, pool, RingOffsets.OUT, slotsAt, SlotLayout.BYTES, firstOrder(Direction.OUT), rows());
        idleRings = new IdleRings(this, pool, own(), peers());
        holding = new SlotSet(slots);
        reserve();
    }

    /** Goes on where another version stopped. */
    protected MappedRegion(HandoverState from) {
        shared = from.get("memory", SharedMemory.class);
        id = from.number("id");
        name = from.text("name");
        pid = from.number("pid");
        memory = shared.buffer();
        places = RegionPlaces.from(from.state("places"));
        slots = places.slots();
        slotsAt = places.slotsAt();
        poolAt = places.poolAt();
        pool = new RingPool(from.state("pool"), shared, poolAt, this::takeHeap);
        in = new RingGrants(memory, pool, RingOffsets.IN, slotsAt, SlotLayout.BYTES, firstOrder(Direction.IN), from.state("in"));
        out = new RingGrants(memory, pool, RingOffsets.OUT, slotsAt, SlotLayout.BYTES, firstOrder(Direction.OUT), from.state("out"));
        open = new Slots(slots, from);
        wakesSent = from.longNumber("wakesSent");
        wakesReceived = from.longNumber("wakesReceived");
        idleRings = new IdleRings(this, pool, own(), peers(), open.highWater(), from);
        holding = from.has("holding") ? new SlotSet(from.state("holding")) : new SlotSet(slots); // the flows say so when they go on
    }

    /** What the next version needs to go on; a subclass adds its own. */
    protected HandoverState handOver() {
        HandoverState placesState = new HandoverState("places", 1);
        places.save(placesState);
        HandoverState all = new HandoverState("region", 1).put("memory", shared).put("id", id).put("name", name).put("pid", pid)
                .put("places", placesState).put("pool", pool.handOver()).put("in", in.handOver()).put("out", out.handOver())
                .put("wakesSent", wakesSent).put("wakesReceived", wakesReceived).put("holding", holding.handOver());
        open.save(all);
        idleRings.save(all);
        return all;
    }

    /** Every slot that is not open can be opened: two smallest rings each. */
    private void reserve() {
        pool.reserve(2 * open.closedCount());
    }

    // ---- tables ----

    /** So many rows the tables have: as many slots as were ever open, rounded up. */
    public final int rows() {
        return open.rows();
    }

    /** Has every table of slots grow to so many rows; a subclass adds its own. */
    protected void grow(int rows) {
        open.grow(rows);
        in.grow(rows);
        out.grow(rows);
    }

    /** Tables are to take so many bytes of heap more; false if there is no room for them. */
    protected abstract boolean takeHeap(long bytes);

    /** Bytes of heap that the tables take. */
    public final long heapBytes() {
        return Tables.bytes(slots, rows(), pool.knownPages());
    }

    final RegionPlaces places() {
        return places;
    }

    final CommandRing commandRing() {
        return new CommandRing(this, memory, places.commandsAt(), places.commands(), places.cellsAt());
    }

    final ReplyCells replyCells() {
        return new ReplyCells(memory, places.cellsAt(), places.cells());
    }

    final PendingSlots pendingToBackend() {
        return new PendingSlots(memory, places.toBackendAt(), slots, HeaderLayout.OUT_COUNT, slotsAt + SlotLayout.OUT_STAMP);
    }

    final PendingSlots pendingToFrontend() {
        return new PendingSlots(memory, places.toFrontendAt(), slots, HeaderLayout.IN_COUNT, slotsAt + SlotLayout.IN_STAMP);
    }

    @Override
    public final int id() {
        return id;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final int pid() {
        return pid;
    }

    @Override
    public final int slots() {
        return slots;
    }

    @Override
    public int openSlot(int domain, int type, int protocol) {
        int slot = open.next();
        if (slot < 0 || slot == rows() && !growTables()) {
            return -1;
        }
        if (!in.open(slot)) {
            return -1;
        }
        if (!out.open(slot)) {
            in.free(slot);
            return -1;
        }
        int generation = open.open();
        reserve();
        idleRings.used(slot);
        int s = at(slot);
        setKind(slot, domain, type, protocol);
        memory.putLong(s + SlotLayout.COOKIE, 0);
        resetOwnWords(slot);
        Words.setIntRelease(memory, s + SlotLayout.GENERATION, generation);
        return slot;
    }

    private boolean growTables() {
        int rows = open.nextRows();
        if (!takeHeap((long) (rows - rows()) * Tables.ROW_BYTES)) {
            return false;
        }
        grow(rows);
        return true;
    }

    @Override
    public boolean carryDatagrams(int slot) {
        return in.fix(slot, RecordLayout.RING_ORDER, produced() == Direction.IN)
                && out.fix(slot, RecordLayout.RING_ORDER, produced() == Direction.OUT);
    }

    /** Resets the words this side writes, for a new socket in the slot. */
    protected abstract void resetOwnWords(int slot);

    @Override
    public void freeSlot(int slot) {
        Words.setIntRelease(memory, at(slot) + SlotLayout.GENERATION, open.free(slot));
        idleRings.freed(slot);
        holding.remove(slot);
        in.free(slot);
        out.free(slot);
        reserve();
    }

    public final void setKind(int slot, int domain, int type, int protocol) {
        int s = at(slot);
        memory.putInt(s + SlotLayout.DOMAIN, domain).putInt(s + SlotLayout.TYPE, type).putInt(s + SlotLayout.PROTOCOL, protocol);
    }

    @Override
    public final int openSlots() {
        return open.openCount();
    }

    @Override
    public final long wakesSent() {
        return wakesSent;
    }

    @Override
    public final long wakesReceived() {
        return wakesReceived;
    }

    /** The peer's doorbell woke the gateway. */
    public final void heard() {
        wakesReceived++;
    }

    protected final RegionUsage usage(CommandRing commands, int peersCounter, int cellsClaimed, int cells) {
        return new RegionUsage(openSlots(), slots, commands.waiting(peersCounter), commands.entries(), cellsClaimed, cells,
                (long) (pool.pages() - pool.freePages()) * Grant.PAGE_BYTES, (long) pool.pages() * Grant.PAGE_BYTES);
    }

    @Override
    public final int generation(int slot) {
        return open.generation(slot);
    }

    public final boolean isOpen(int slot, int generationNamed) {
        return (generationNamed & 1) != 0 && open.generation(slot) == generationNamed;
    }

    protected final boolean isOpen(int slot) {
        return open.isOpen(slot);
    }

    protected final int highWater() {
        return open.highWater();
    }

    /** Offset of a slot in the memory. */
    protected final int at(int slot) {
        return slotsAt + slot * SlotLayout.BYTES;
    }

    final int poolAt() {
        return poolAt;
    }

    final RingGrants grants(Direction direction) {
        return direction == Direction.IN ? in : out;
    }

    protected final long word(int slot, int field) {
        return Words.getAcquire(memory, at(slot) + field);
    }

    protected final int intWord(int slot, int field) {
        return Words.getIntAcquire(memory, at(slot) + field);
    }

    /** Size of the ring a slot's producer uses, in bytes. */
    protected final int ringBytes(int slot, Direction direction) {
        return Grant.bytes(grants(direction).used(slot));
    }

    /** Both rings are as they were before the first byte; which rings they are stays, and what the socket's option says of bytes. */
    final void emptyRings(int slot) {
        int s = at(slot);
        memory.putLong(s + SlotLayout.IN_TAIL, 0).putLong(s + SlotLayout.IN_BASE, 0).putLong(s + SlotLayout.IN_HEAD, 0);
        memory.putLong(s + SlotLayout.OUT_TAIL, 0).putLong(s + SlotLayout.OUT_BASE, 0).putLong(s + SlotLayout.OUT_HEAD, 0);
        memory.putInt(s + SlotLayout.IN_BLOCKED, 0).putInt(s + SlotLayout.OUT_BLOCKED, 0).putInt(s + SlotLayout.KICK, 0);
        memory.putLong(s + SlotLayout.IN_URGENT, 0).putLong(s + SlotLayout.OUT_URGENT, 0);
        Words.LONG.getAndBitwiseAnd(memory, s + SlotLayout.OUT_MORE, SlotLayout.MORE_ALL | SlotLayout.MORE_IN_STACK);
        memory.putInt(s + SlotLayout.URGENT_TAKEN, 0);
    }

    // ---- what a flow calls when it has moved bytes ----

    /** A ring of the slot is being used: it gives its memory back when it was at rest for a while. */
    final void used(int slot) {
        idleRings.used(slot);
    }

    /** Says whether there are bytes in the ring towards this region's peer that the peer is not shown: they must stay. */
    final void holds(int slot, boolean held) {
        if (held) {
            holding.add(slot);
        } else {
            holding.remove(slot);
        }
    }

    final boolean isHolding(int slot) {
        return holding.has(slot);
    }

    /** Bytes are about to be published in an empty ring of this region towards its peer: they have a place among those of other slots. */
    abstract void stamp(int slot);

    /** True if the peer's bytes in a slot's ring have their turn later: other slots' came before. News of them is there, or comes. */
    protected boolean isLate(int slot) {
        return peersNews().isLate(slot);
    }

    /** The peer's news. */
    abstract PendingSlots peersNews();

    /** Bytes were published in this region's ring towards its peer. A full fence has passed since. */
    abstract void published(int slot);

    /** An urgent byte is, or will be, in this region's ring towards its peer: the word of {@code rf_urgent}. Before it can be read. */
    abstract void urgent(int slot, long word);

    /** Bytes of the peer were taken; `freed` says how much of its ring is free now. A full fence has passed since. */
    abstract void taken(int slot, long free, long size);

    // ---- sleeping ----

    /** Offset of the side's own asleep flag, which its heartbeat follows by 8 bytes. */
    protected abstract int asleepField();

    /** Shows the peer that the gateway lives: nanoseconds of a clock that only goes forward. */
    public final void beat(long now) {
        Words.setOpaque(memory, asleepField() + HeaderLayout.HEARTBEAT_AFTER_ASLEEP, now);
    }

    public final void fallAsleep() {
        Words.setIntOpaque(memory, asleepField(), 1);
        VarHandle.fullFence();
    }

    public final void wakeUp() {
        Words.setIntOpaque(memory, asleepField(), 0);
    }

    public abstract boolean hasWork();

    /** Gives the memory back. */
    public void close() {
        shared.close();
    }

    /** The direction in which the gateway produces: towards the region's peer. */
    protected abstract Direction produced();

    private RingGrants own() {
        return produced() == Direction.IN ? in : out;
    }

    private RingGrants peers() {
        return produced() == Direction.IN ? out : in;
    }

    private int firstOrder(Direction direction) {
        return direction == produced() ? 0 : RingGrants.PEERS_ORDER;
    }

    /** A look for rings of sockets that have been still for a while begins, to be gone on with by {@link #restIdleRings}; about once a second. */
    public final void lookForIdleRings() {
        idleRings.look();
    }

    /** Writes an address, as much of it as a name takes: its length last. {@code at} is the name's. */
    final void setName(int at, byte[] address, int offset, int length) {
        int n = Math.min(length, SlotLayout.MAX_ADDRESS);
        memory.put(at + SlotLayout.NAME_ADDRESS, address, offset, n);
        Words.setIntRelease(memory, at, n);
    }

    /**
     * Goes on with the look: takes the memory of rings that have rested long enough.
     *
     * @param until when it is to stop, if it is not done by then, as {@link System#nanoTime}: memory of one ring takes some 20 us
     * @return true if there is more to look at
     */
    public final boolean restIdleRings(long until) {
        return idleRings.rest(until);
    }
}
