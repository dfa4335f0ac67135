package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * Moves one direction of a socket from ring to ring. The counters this side writes are fields; the shared words are written from them and
 * never read back. The other side's words are copied, checked and then used. What is moved at a time, bytes or datagrams, is a
 * subclass's business; nothing is allocated.
 */
abstract class RingFlow implements Flow {
    /** Bytes after which a move ends although there is more: two peers that keep up would hold the loop. */
    private static final int BUDGET = 4 << 20;

    /** Index in a position: 1 if the flow is bound. */
    private static final int BOUND = 4;
    private static final int SHOWN = 5;
    private static final int RELEASED = 6;
    /** Bits of the byte itself in an urgent word, {@code rf_urgent}. */
    private static final int URGENT_BYTE = 8;

    private final Direction direction;
    private final RingOffsets offsets;
    private final Journal journal;

    private MappedRegion source;
    private int sourceSlot;
    private ByteBuffer sourceMemory;
    private int sourceAt;
    private long taken;

    private MappedRegion target;
    private int targetSlot;
    private ByteBuffer targetMemory;
    private int targetAt;
    private long given;
    private long base;
    /** Position up to which the target's consumer may see bytes, and up to which it does. */
    private long released;
    private long shown;
    private boolean growing;
    private int mostOrder;
    /** The source's urgent byte that the target knows; a flow that goes on where another stopped passes it on again. */
    private long urgent;

    private int record;

    RingFlow(Direction direction, Journal journal) {
        this.direction = direction;
        this.journal = journal;
        offsets = RingOffsets.of(direction);
    }

    @Override
    public void bind(int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        journal.associate(journalRecord, application, applicationSlot, ins, insSlot);
        connect(journalRecord, application, applicationSlot, ins, insSlot);
        taken = 0;
        given = 0;
        base = 0;
        shown = 0;
        released = Long.MAX_VALUE;
        growing = true;
        mostOrder = Grant.MAX_ORDER;
        urgent = 0;
        Words.setOpaque(targetMemory, targetAt + offsets.used(), target.grants(direction).used(targetSlot));
    }

    @Override
    public void resume(long[] position, int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        taken = position[0];
        given = position[1];
        base = position[2];
        boolean holds = position.length > SHOWN; // older versions held nothing
        shown = holds ? position[SHOWN] : given;
        released = holds ? position[RELEASED] : Long.MAX_VALUE;
        growing = true;
        mostOrder = Grant.MAX_ORDER;
        urgent = 0;
        if (position[BOUND] != 0 && ins != null && applicationSlot >= 0) { // else only its count is still of interest
            connect(journalRecord, application, applicationSlot, ins, insSlot);
            target.holds(targetSlot, given != shown);
        }
    }

    @Override
    public long[] position() {
        return new long[] {taken, given, base, moved(), source == null ? 0 : 1, shown, released};
    }

    private void connect(int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        record = journalRecord;
        boolean inwards = direction == Direction.IN;
        source = (MappedRegion) (inwards ? ins : application);
        sourceSlot = inwards ? insSlot : applicationSlot;
        target = (MappedRegion) (inwards ? application : ins);
        targetSlot = inwards ? applicationSlot : insSlot;
        sourceMemory = source.memory;
        sourceAt = source.at(sourceSlot);
        targetMemory = target.memory;
        targetAt = target.at(targetSlot);
    }

    @Override
    public void unbind() {
        source = null;
        target = null;
        sourceMemory = null;
        targetMemory = null;
        taken = 0;
        given = 0;
        shown = 0;
    }

    @Override
    public long moved() {
        return taken;
    }

    @Override
    public boolean isDrained() {
        return Words.getAcquire(sourceMemory, sourceAt + offsets.tail()) == taken;
    }

    /**
     * Moves something of the {@code filled} bytes in the source into the {@code room} of the target, with {@link #advance}.
     *
     * @return false if nothing fits
     */
    abstract boolean transfer(int filled, int room) throws ProtocolViolation;

    /** True if a ring that was full is to be exchanged for a larger one. */
    abstract boolean grows();

    @Override
    public int move() throws ProtocolViolation {
        return move(Integer.MAX_VALUE);
    }

    @Override
    public int move(int most) throws ProtocolViolation {
        long before = moved();
        long end = taken + most;
        boolean unpublished = false;
        boolean waiting = false;
        passUrgent(); // which may be ahead of the bytes that fit
        for (;;) {
            int filled = (int) Math.min(filled(true), end - taken);
            int room = filled == 0 ? 0 : room();
            if (moved() - before > BUDGET) {
                publish();
                source.again(sourceSlot); // the others have their turn first
                return (int) (moved() - before);
            }
            if (room > 0 && transfer(filled, room)) {
                unpublished = true;
                if (waiting) {
                    waiting = false;
                    Words.setIntOpaque(targetMemory, targetAt + offsets.blocked(), 0);
                }
                continue;
            }
            if (unpublished) {
                publish();
                unpublished = false;
            }
            if (filled == 0 || waiting) {
                return (int) (moved() - before);
            }
            // Says that this side waits for room, and looks once more.
            waiting = true;
            if (growing && grows()) {
                target.grants(direction).grow(targetSlot, mostOrder);
            }
            Words.setIntOpaque(targetMemory, targetAt + offsets.blocked(), 1);
            VarHandle.fullFence();
        }
    }

    /** Bytes in the source ring, checked. */
    private int filled(boolean mayGrow) throws ProtocolViolation {
        long filled = Words.getAcquire(sourceMemory, sourceAt + offsets.tail()) - taken;
        if (filled == 0 || source.isLate(sourceSlot)) {
            return 0;
        }
        RingGrants grants = source.grants(direction);
        long used = Words.getOpaque(sourceMemory, sourceAt + offsets.used());
        if (!grants.accept(sourceSlot, used)) {
            throw new ProtocolViolation(source, "slot " + sourceSlot + ": its producer uses ring 0x" + Long.toHexString(used)
                    + ", which it was not granted");
        }
        int size = Grant.bytes(used);
        if (filled < 0 || filled > size) {
            throw new ProtocolViolation(source, "slot " + sourceSlot + ": its producer is " + filled + " bytes ahead, beyond " + size);
        }
        if (mayGrow && growing && filled == size && grows()) {
            grants.grow(sourceSlot, mostOrder);
        }
        return (int) filled;
    }

    /** Room in the target ring, checked; rewinds it and moves to a larger one if it is empty. */
    private int room() throws ProtocolViolation {
        RingGrants grants = target.grants(direction);
        long head = Words.getAcquire(targetMemory, targetAt + offsets.head());
        long filled = given - head;
        long used = grants.used(targetSlot);
        int size = Grant.bytes(used);
        if (head > shown || filled > size) {
            throw new ProtocolViolation(target, "slot " + targetSlot + ": its consumer took " + (head - shown) + " bytes more than it was given");
        }
        if (filled == 0) {
            base = given;
            if (grants.isMoving(targetSlot)) {
                used = grants.adopt(targetSlot);
                size = Grant.bytes(used);
            }
            Words.setOpaque(targetMemory, targetAt + offsets.base(), base);
            Words.setOpaque(targetMemory, targetAt + offsets.used(), used);
        } else if (grants.isMoving(targetSlot)) {
            if (head != shown) {
                return 0; // wait until the ring is empty, then use the larger one
            }
            size = takeHeldAlong(grants);
        }
        return size - (int) filled;
    }

    /** To its consumer the ring is empty, and only held bytes are in it: they move to the larger ring. Returns its size. */
    private int takeHeldAlong(RingGrants grants) {
        int held = (int) (given - shown);
        byte[] kept = new byte[held]; // held requests longer than a ring are rare
        peek(shown, kept, held);
        long used = grants.adopt(targetSlot);
        base = shown;
        put(target.poolAt() + Grant.page(used) * Grant.PAGE_BYTES, kept, held);
        Words.setOpaque(targetMemory, targetAt + offsets.base(), base);
        Words.setOpaque(targetMemory, targetAt + offsets.used(), used);
        return Grant.bytes(used);
    }

    private void put(int at, byte[] bytes, int length) {
        targetMemory.put(at, bytes, 0, length);
    }

    // ---- holding back ----

    @Override
    public void release(long position) {
        released = position;
        journal.hold(record, position);
        if (targetMemory != null && Math.min(given, released) > shown) {
            publish();
        }
    }

    @Override
    public long held() {
        return given - shown;
    }

    @Override
    public long unread() {
        if (targetMemory == null) {
            return 0;
        }
        long unread = shown - Words.getAcquire(targetMemory, targetAt + offsets.head());
        return Math.max(0, Math.min(unread, Grant.bytes(target.grants(direction).used(targetSlot))));
    }

    @Override
    public void mayGrow(boolean may) {
        growing = may;
    }

    @Override
    public void growAtMost(long bytes) {
        mostOrder = 0;
        while (mostOrder < Grant.MAX_ORDER && Grant.PAGE_BYTES << mostOrder + 1 <= bytes) {
            mostOrder++;
        }
    }

    @Override
    public long given() {
        return given;
    }

    /** Copies bytes that the target's consumer has not been shown. */
    private void peek(long from, byte[] into, int length) {
        int ahead = (int) (from - given);
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, targetRun(ahead + done));
            targetMemory.get(targetAt(ahead + done), into, done, n);
            done += n;
        }
    }

    @Override
    public int waiting() throws ProtocolViolation {
        return sourceMemory == null ? 0 : filled(false);
    }

    @Override
    public void look(int ahead, byte[] into, int length) {
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, sourceRun(ahead + done));
            sourceMemory.get(sourceAt(ahead + done), into, done, n);
            done += n;
        }
    }

    @Override
    public void expect(long bytes) {
        source.grants(direction).growTo(sourceSlot, bytes);
    }

    @Override
    public void rebind(ApplicationRegion application, int applicationSlot) {
        if (direction == Direction.OUT) {
            source = (MappedRegion) application;
            sourceSlot = applicationSlot;
            sourceMemory = source.memory;
            sourceAt = source.at(sourceSlot);
            taken = 0;
            urgent = 0;
            journal.rebound(record, application, applicationSlot);
            return;
        }
        int held = (int) (given - shown);
        byte[] kept = new byte[held];
        peek(shown, kept, held);
        target = (MappedRegion) application;
        targetSlot = applicationSlot;
        targetMemory = target.memory;
        targetAt = target.at(targetSlot);
        RingGrants grants = target.grants(direction);
        if (held > Grant.bytes(grants.used(targetSlot))) {
            grants.growTo(targetSlot, held);
            if (grants.isMoving(targetSlot)) {
                grants.adopt(targetSlot);
            }
        }
        long used = grants.used(targetSlot);
        if (held > Grant.bytes(used)) {
            throw new IllegalStateException("slot " + targetSlot + ": no ring for " + held + " held bytes");
        }
        put(target.poolAt() + Grant.page(used) * Grant.PAGE_BYTES, kept, held);
        target.holds(targetSlot, held > 0);
        base = 0;
        shown = 0;
        given = held;
        released = 0;
        urgent = 0;
        journal.hold(record, 0);
        Words.setOpaque(targetMemory, targetAt + offsets.base(), 0);
        Words.setOpaque(targetMemory, targetAt + offsets.used(), used);
    }

    // ---- for subclasses: places in the two rings ----

    final MappedRegion source() {
        return source;
    }

    final int sourceSlot() {
        return sourceSlot;
    }

    /** Offset in the source's memory of the byte at {@code ahead} bytes after the next one. */
    final int sourceAt(int ahead) {
        long grant = source.grants(direction).used(sourceSlot);
        long place = taken + ahead - Words.getOpaque(sourceMemory, sourceAt + offsets.base());
        return source.poolAt() + Grant.page(grant) * Grant.PAGE_BYTES + ((int) place & Grant.bytes(grant) - 1);
    }

    /** Offset in the target's memory of the place for the byte {@code ahead} bytes after the next one. */
    final int targetAt(int ahead) {
        long grant = target.grants(direction).used(targetSlot);
        return target.poolAt() + Grant.page(grant) * Grant.PAGE_BYTES + ((int) (given + ahead - base) & Grant.bytes(grant) - 1);
    }

    /** Bytes from the byte {@code ahead} to the end of the source ring's memory. */
    final int sourceRun(int ahead) {
        int size = Grant.bytes(source.grants(direction).used(sourceSlot));
        return size - ((int) (taken + ahead - Words.getOpaque(sourceMemory, sourceAt + offsets.base())) & size - 1);
    }

    final int targetRun(int ahead) {
        int size = Grant.bytes(target.grants(direction).used(targetSlot));
        return size - ((int) (given + ahead - base) & size - 1);
    }

    /** Copies bytes from ring to ring, around both ends. */
    final void copy(int ahead, int length) {
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, Math.min(sourceRun(ahead + done), targetRun(ahead + done)));
            targetMemory.put(targetAt(ahead + done), sourceMemory, sourceAt(ahead + done), n);
            done += n;
        }
    }

    final ByteBuffer sourceMemory() {
        return sourceMemory;
    }

    final ByteBuffer targetMemory() {
        return targetMemory;
    }

    /** What was taken from the source, and what of it was given to the target. */
    final void advance(int bytesTaken, int bytesGiven) {
        taken += bytesTaken;
        given += bytesGiven;
    }

    /** Journal first, then the target's producer counter, then the source's consumer counter; then the two peers are told. */
    private void publish() {
        journal.moved(record, direction, taken, given);
        long before = shown;
        shown = Math.max(before, Math.min(given, released));
        target.used(targetSlot);
        target.holds(targetSlot, given != shown);
        source.used(sourceSlot);
        if (shown != before) {
            passUrgent(); // before the bytes: who reads them stops there
            if (direction == Direction.OUT && Words.getOpaque(sourceMemory, sourceAt + SlotLayout.OUT_MORE) == taken) {
                Words.setOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE, shown); // the source's last bytes await others
            }
            if (Words.getOpaque(targetMemory, targetAt + offsets.head()) == before) {
                target.stamp(targetSlot);
            }
            Words.setRelease(targetMemory, targetAt + offsets.tail(), shown);
        }
        Words.setRelease(sourceMemory, sourceAt + offsets.head(), taken);
        VarHandle.fullFence();
        if (shown != before) {
            target.published(targetSlot);
        }
        int size = Grant.bytes(source.grants(direction).used(sourceSlot));
        long left = Words.getOpaque(sourceMemory, sourceAt + offsets.tail()) - taken;
        source.taken(sourceSlot, size - left, size);
    }

    /**
     * Tells the target of the source's urgent byte, in the target's positions. It stays in its place among the bytes, where policies see it;
     * of one that is held the target is not told.
     */
    private void passUrgent() {
        long news = Words.getOpaque(sourceMemory, sourceAt + offsets.urgent());
        if (news == urgent) {
            return;
        }
        long behind = (news >>> URGENT_BYTE) - taken + given;
        if (released == Long.MAX_VALUE || behind <= shown) {
            urgent = news;
            target.urgent(targetSlot, behind << URGENT_BYTE | news & (1 << URGENT_BYTE) - 1);
        }
    }

    @Override
    public void discard() {
        taken = Words.getAcquire(sourceMemory, sourceAt + offsets.tail());
        Words.setRelease(sourceMemory, sourceAt + offsets.head(), taken);
        VarHandle.fullFence();
        int size = Grant.bytes(source.grants(direction).used(sourceSlot));
        source.taken(sourceSlot, size, size);
    }
}
