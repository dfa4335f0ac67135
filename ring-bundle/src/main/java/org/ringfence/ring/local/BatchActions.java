package org.ringfence.ring.local;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;

/** Actions of the present batch whose results matter: index of the action, slot and generation it was for, and what it was. */
final class BatchActions {
    static final byte OFFER = 0;
    static final byte END = 1;
    static final byte PACKETS = 2; // sent or read away

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

    /** Empties the list; its first so many entries stay readable until the next one is added. */
    int take() {
        int taken = count;
        count = 0;
        return taken;
    }

    int index(int i) {
        return index[i];
    }

    int slot(int i) {
        return slot[i];
    }

    int generation(int i) {
        return generation[i];
    }

    byte kind(int i) {
        return kind[i];
    }
}
