package org.ringfence.ring.local;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;

/** Actions of the present batch whose results matter: index of the action, slot and generation it was for, and what it was. */
final class BatchActions {
    static final byte OFFER = 0;
    static final byte END = 1;
    static final byte PACKETS = 2; // sent or read away
    static final byte LEND = 3;
    static final byte LEND_AGAIN = 4;

    private static final int ECONNRESET = 104;

    private int[] index = new int[256];
    private int[] slot = new int[256];
    private int[] generation = new int[256];
    private byte[] kind = new byte[256];
    private int count;

    BatchActions() {
    }

    BatchActions(HandoverState from) {
        index = from.numbers("index");
        slot = from.numbers("slot");
        generation = from.numbers("generation");
        kind = from.bytes("kind");
        count = from.number("count");
    }

    HandoverState handOver() {
        return new HandoverState("actions", 1).put("index", index).put("slot", slot).put("generation", generation).put("kind", kind).put("count", count);
    }

    void add(int actionIndex, int actionSlot, int slotGeneration, byte actionKind) {
        if (count == index.length) {
            index = Arrays.copyOf(index, count * 2);
            slot = Arrays.copyOf(slot, count * 2);
            generation = Arrays.copyOf(generation, count * 2);
            kind = Arrays.copyOf(kind, count * 2);
        }
        index[count] = actionIndex;
        slot[count] = actionSlot;
        generation[count] = slotGeneration;
        kind[count++] = actionKind;
    }

    /** The batch was carried out: tells the region what has become of its actions, and forgets them. */
    void settle(EventPort port, LocalApplicationRegion region) {
        int settled = count;
        count = 0;
        for (int i = 0; i < settled; i++) {
            // copied: what the region does may add an action in this one's place
            int of = slot[i];
            byte what = kind[i];
            int action = index[i];
            int result = port.result(action);
            boolean there = region.generation(of) == generation[i];
            if (what == LEND) {
                region.loans().lent(of, there, action, result);
            } else if (what == OFFER && there) {
                region.offered(of, action, result);
            } else if (what == OFFER && result >= 0) {
                port.close(result); // the slot was freed in the same batch
            } else if (what == LEND_AGAIN && there) {
                region.loans().lentAgain(of, result);
            } else if (what != OFFER && what != LEND_AGAIN && there && (result == -ECONNRESET || result < 0 && what == END)) {
                region.closed(of);
            }
        }
    }
}
