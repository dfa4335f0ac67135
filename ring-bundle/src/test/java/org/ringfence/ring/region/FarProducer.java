package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.Words;

/** The producer at the far end of a flow, written by docs/protocol.md: fills its ring with {@link #byteAt}. */
final class FarProducer {
    private final MappedRegion region;
    private final ByteBuffer memory;
    private final int slot;
    private final RingOffsets words;
    private long tail;
    private long base;
    private long used;
    /** Largest order it has used. */
    int largestOrder;
    int wraps;

    FarProducer(MappedRegion region, int slot, RingOffsets words) {
        this.region = region;
        this.slot = region.at(slot);
        this.words = words;
        memory = region.memory;
        used = Words.getAcquire(memory, this.slot + words.used());
    }

    /** The byte at a position of every stream in these tests. */
    static byte byteAt(long position) {
        return (byte) (position * 31 + (position >>> 11) * 7 + (position >>> 19));
    }

    /** Publishes up to so many bytes; how many it had room for. Marks itself blocked if that was not all. */
    int produce(int wanted) {
        int done = 0;
        while (done < wanted) {
            int room = room();
            if (room == 0) {
                Words.setIntOpaque(memory, slot + words.blocked(), 1);
                VarHandle.fullFence();
                if (room() == 0) {
                    return done;
                }
                continue;
            }
            int n = Math.min(room, wanted - done);
            int mask = Grant.bytes(used) - 1;
            int start = (int) (tail - base) & mask;
            wraps += start + n > mask + 1 ? 1 : 0;
            for (int i = 0; i < n; i++) {
                memory.put(region.poolAt() + Grant.page(used) * Grant.PAGE_BYTES + (start + i & mask), byteAt(tail + i));
            }
            tail += n;
            done += n;
            Words.setRelease(memory, slot + words.tail(), tail);
        }
        return done;
    }

    private int room() {
        long head = Words.getAcquire(memory, slot + words.head());
        long grant = Words.getAcquire(memory, slot + words.grant());
        if (head == tail) {
            base = tail;
            used = grant;
            largestOrder = Math.max(largestOrder, Grant.order(used));
            Words.setOpaque(memory, slot + words.base(), base);
            Words.setOpaque(memory, slot + words.used(), used);
        } else if (grant != used) {
            return 0;
        }
        return Grant.bytes(used) - (int) (tail - head);
    }

    long position() {
        return tail;
    }
}
