package org.ringfence.ring.region;

import org.ringfence.api.transport.Direction;
import org.ringfence.ring.layout.SlotLayout;

/** Where in a slot the words of one direction's ring lie. */
record RingOffsets(int grant, int tail, int base, int used, int head, int blocked, int busy, int urgent) {
    static final RingOffsets IN = new RingOffsets(SlotLayout.IN_GRANT, SlotLayout.IN_TAIL, SlotLayout.IN_BASE, SlotLayout.IN_USED,
            SlotLayout.IN_HEAD, SlotLayout.IN_BLOCKED, SlotLayout.IN_BUSY, SlotLayout.IN_URGENT);
    static final RingOffsets OUT = new RingOffsets(SlotLayout.OUT_GRANT, SlotLayout.OUT_TAIL, SlotLayout.OUT_BASE,
            SlotLayout.OUT_USED, SlotLayout.OUT_HEAD, SlotLayout.OUT_BLOCKED, SlotLayout.OUT_BUSY, SlotLayout.OUT_URGENT);

    static RingOffsets of(Direction direction) {
        return direction == Direction.IN ? IN : OUT;
    }
}
