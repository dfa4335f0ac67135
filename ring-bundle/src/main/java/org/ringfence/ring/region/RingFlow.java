package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * Moves one direction of a socket from ring to ring. The other side's words are copied, checked and then used. What is moved at a time,
 * bytes or datagrams, is a subclass's business; nothing is allocated.
 */
abstract class RingFlow extends BoundFlow {
    /** Bytes after which a move ends although there is more: two peers that keep up would hold the loop. */
    private static final int BUDGET = 4 << 20;

    RingFlow(Direction direction, Journal journal) {
        super(direction, journal);
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
        long began = taken;
        long end = taken + most;
        boolean unpublished = false;
        boolean waiting = false;
        passUrgent(); // which may be ahead of the bytes that fit
        for (;;) {
            int filled = (int) Math.min(filled(true), end - taken);
            int room = filled == 0 ? 0 : room(filled);
            if (taken - began > BUDGET) { // what was taken: datagrams may be dropped, or be empty
                publish();
                source.peersNews().again(sourceSlot); // the others have their turn first
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
                if (direction == Direction.OUT) {
                    pushIfOver();
                }
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

    /** Room in the target ring, checked; rewinds it if it is empty, and moves to one for as many bytes as are wanted. */
    private int room(int wanted) throws ProtocolViolation {
        RingGrants grants = target.grants(direction);
        long head = Words.getAcquire(targetMemory, targetAt + offsets.head());
        long filled = given - head;
        long used = grants.used(targetSlot);
        int size = Grant.bytes(used);
        if (filled < given - shown || filled > size) { // a difference: the position itself may be any number
            throw new ProtocolViolation(target, "slot " + targetSlot + ": its consumer took " + (head - shown) + " bytes more than it was given");
        }
        if (filled == 0) {
            base = given;
            if (wanted > size && growing && grows()) {
                grants.growTo(targetSlot, Math.min(wanted, Grant.PAGE_BYTES << mostOrder));
            }
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
    public int waiting() throws ProtocolViolation {
        if (sourceMemory == null) {
            return 0;
        }
        int waiting = filled(false);
        if (waiting == 0 && direction == Direction.OUT) {
            pushIfOver(); // who finds that nothing waits moves nothing
        }
        return waiting;
    }

    @Override
    public void expect(long bytes) {
        source.grants(direction).growTo(sourceSlot, bytes);
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
            if (direction == Direction.OUT) {
                tellMore();
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
        long news = sourceUrgent();
        if (news == urgent) {
            return;
        }
        long behind = behindUrgent(news);
        if (behind <= 0) {
            urgent = news; // the target has none of the bytes before those that the flow began with, or went on with
        } else if (released == Long.MAX_VALUE || behind <= shown) {
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
