package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.Words;

/** The consumer at the far end of a flow, written by docs/protocol.md: checks every byte it takes. */
final class FarConsumer {
    private final MappedRegion region;
    private final ByteBuffer memory;
    private final int slot;
    private final RingOffsets words;
    private long head;
    int largestOrder;
    boolean unblocked;

    FarConsumer(MappedRegion region, int slot, RingOffsets words) {
        this.region = region;
        this.slot = region.at(slot);
        this.words = words;
        memory = region.memory;
    }

    /** Takes up to so many bytes; how many there were. */
    int consume(int wanted) {
        long filled = Words.getAcquire(memory, slot + words.tail()) - head;
        int n = (int) Math.min(filled, wanted);
        if (n == 0) {
            return 0;
        }
        long used = Words.getOpaque(memory, slot + words.used());
        long base = Words.getOpaque(memory, slot + words.base());
        assertTrue(filled <= Grant.bytes(used), filled + " bytes in a ring of " + Grant.bytes(used));
        largestOrder = Math.max(largestOrder, Grant.order(used));
        int mask = Grant.bytes(used) - 1;
        for (int i = 0; i < n; i++) {
            int at = (int) (head + i - base) & mask;
            byte found = memory.get(region.poolAt() + Grant.page(used) * Grant.PAGE_BYTES + at);
            if (found != FarProducer.byteAt(head + i)) {
                fail("byte " + (head + i) + " of " + (head + filled) + " is " + found + ", not " + FarProducer.byteAt(head + i));
            }
        }
        head += n;
        Words.setRelease(memory, slot + words.head(), head);
        VarHandle.fullFence();
        unblocked |= Words.takeFlag(memory, slot + words.blocked());
        return n;
    }

    long position() {
        return head;
    }
}
