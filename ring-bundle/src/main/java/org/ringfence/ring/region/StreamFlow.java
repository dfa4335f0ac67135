package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.Words;

/**
 * Moves one direction of a connection from ring to ring. The counters this side writes are fields; the shared words are written from
 * them and never read back. The other side's words are copied, checked and then used. Bytes go from mapping to mapping by one bulk
 * copy each; nothing is allocated.
 */
public final class StreamFlow implements Flow {
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

    private int record;

    public StreamFlow(Direction direction, Journal journal) {
        this.direction = direction;
        this.journal = journal;
        offsets = RingOffsets.of(direction);
    }

    @Override
    public void bind(int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        record = journalRecord;
        journal.associate(record, application, applicationSlot, ins, insSlot);
        boolean inwards = direction == Direction.IN;
        source = (MappedRegion) (inwards ? ins : application);
        sourceSlot = inwards ? insSlot : applicationSlot;
        target = (MappedRegion) (inwards ? application : ins);
        targetSlot = inwards ? applicationSlot : insSlot;
        sourceMemory = source.memory;
        sourceAt = source.at(sourceSlot);
        targetMemory = target.memory;
        targetAt = target.at(targetSlot);
        taken = 0;
        given = 0;
        base = 0;
        Words.setOpaque(targetMemory, targetAt + offsets.used(), target.grants(direction).used(targetSlot));
    }

    @Override
    public void unbind() {
        source = null;
        target = null;
        sourceMemory = null;
        targetMemory = null;
        taken = 0;
        given = 0;
    }

    @Override
    public long moved() {
        return taken;
    }

    @Override
    public boolean isDrained() {
        return Words.getAcquire(sourceMemory, sourceAt + offsets.tail()) == taken;
    }

    @Override
    public int move() throws ProtocolViolation {
        int moved = 0;
        int unpublished = 0;
        for (;;) {
            int filled = filled();
            int room = filled == 0 ? 0 : room();
            if (room > 0) {
                int copied = copy(Math.min(filled, room));
                taken += copied;
                given += copied;
                unpublished += copied;
                continue;
            }
            if (unpublished > 0) {
                publish();
                moved += unpublished;
                unpublished = 0;
            }
            if (filled == 0 || !roomAfterBlocking()) {
                return moved;
            }
        }
    }

    /** Bytes in the source ring, checked. */
    private int filled() throws ProtocolViolation {
        long filled = Words.getAcquire(sourceMemory, sourceAt + offsets.tail()) - taken;
        if (filled == 0) {
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
        if (filled == size) {
            grants.grow(sourceSlot);
        }
        return (int) filled;
    }

    /** Room in the target ring, checked; rewinds it and moves to a larger one if it is empty. */
    private int room() throws ProtocolViolation {
        RingGrants grants = target.grants(direction);
        long filled = given - Words.getAcquire(targetMemory, targetAt + offsets.head());
        long used = grants.used(targetSlot);
        int size = Grant.bytes(used);
        if (filled < 0 || filled > size) {
            throw new ProtocolViolation(target, "slot " + targetSlot + ": its consumer took " + -filled + " bytes more than it was given");
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
            return 0; // wait until the ring is empty, then use the larger one
        }
        return size - (int) filled;
    }

    /** Says that this side waits for room, and looks once more. */
    private boolean roomAfterBlocking() throws ProtocolViolation {
        target.grants(direction).grow(targetSlot);
        Words.setIntOpaque(targetMemory, targetAt + offsets.blocked(), 1);
        VarHandle.fullFence();
        if (room() == 0) {
            return false;
        }
        Words.setIntOpaque(targetMemory, targetAt + offsets.blocked(), 0);
        return true;
    }

    private int copy(int length) {
        long sourceGrant = source.grants(direction).used(sourceSlot);
        int sourceMask = Grant.bytes(sourceGrant) - 1;
        int from = (int) (taken - Words.getOpaque(sourceMemory, sourceAt + offsets.base())) & sourceMask;
        long targetGrant = target.grants(direction).used(targetSlot);
        int targetMask = Grant.bytes(targetGrant) - 1;
        int to = (int) (given - base) & targetMask;
        int n = Math.min(length, Math.min(sourceMask + 1 - from, targetMask + 1 - to));
        targetMemory.put(target.poolAt() + Grant.page(targetGrant) * Grant.PAGE_BYTES + to, sourceMemory,
                source.poolAt() + Grant.page(sourceGrant) * Grant.PAGE_BYTES + from, n);
        return n;
    }

    /** Journal first, then the target's producer counter, then the source's consumer counter; then the two peers are told. */
    private void publish() {
        journal.moved(record, direction, taken, given);
        Words.setRelease(targetMemory, targetAt + offsets.tail(), given);
        Words.setRelease(sourceMemory, sourceAt + offsets.head(), taken);
        VarHandle.fullFence();
        target.published(targetSlot);
        int size = Grant.bytes(source.grants(direction).used(sourceSlot));
        long left = Words.getOpaque(sourceMemory, sourceAt + offsets.tail()) - taken;
        source.taken(sourceSlot, size - left, size);
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
