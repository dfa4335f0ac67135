package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.SocketState;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** What the slots say of their sockets: state, marks and error, which are written and never read back, and whether bytes flow. Event loop's thread only. */
final class SocketWords {
    private final MappedRegion region;
    private final ByteBuffer memory;
    private int[] state;
    private int[] marks;
    private int[] errorSequence;
    /** True while bytes or datagrams flow: the slot is connected, or a datagram socket. */
    private boolean[] flowing;

    SocketWords(MappedRegion region) {
        this.region = region;
        memory = region.memory;
        state = new int[region.rows()];
        marks = new int[region.rows()];
        errorSequence = new int[region.rows()];
        flowing = new boolean[region.rows()];
    }

    SocketWords(MappedRegion region, HandoverState from) {
        this.region = region;
        memory = region.memory;
        state = from.numbers("state");
        marks = from.numbers("marks");
        errorSequence = from.numbers("errorSequence");
        flowing = from.flags("flowing");
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("state", state).put("marks", marks).put("errorSequence", errorSequence).put("flowing", flowing);
    }

    void grow(int rows) {
        state = Arrays.copyOf(state, rows);
        marks = Arrays.copyOf(marks, rows);
        errorSequence = Arrays.copyOf(errorSequence, rows);
        flowing = Arrays.copyOf(flowing, rows);
    }

    /** A new socket is in the slot, and nobody has it yet. */
    void reset(int slot) {
        int s = region.at(slot);
        state[slot] = SocketState.FREE;
        marks[slot] = 0;
        flowing[slot] = false;
        memory.putInt(s + SlotLayout.STATE, SocketState.FREE).putInt(s + SlotLayout.ERROR, errorSequence[slot] << 16);
        memory.putInt(s + SlotLayout.MARKS, 0).putInt(s + SlotLayout.ERROR_TAKEN, errorSequence[slot]);
    }

    boolean isFlowing(int slot) {
        return flowing[slot];
    }

    void setFlowing(int slot, boolean is) {
        flowing[slot] = is;
    }

    int state(int slot) {
        return state[slot];
    }

    void setState(int slot, int value) {
        state[slot] = value;
        Words.setIntRelease(memory, region.at(slot) + SlotLayout.STATE, value);
    }

    int marks(int slot) {
        return marks[slot];
    }

    /** Sets marks; true if there was one among them that was not set. */
    boolean addMarks(int slot, int added) {
        if ((marks[slot] | added) == marks[slot]) {
            return false;
        }
        setMarks(slot, marks[slot] | added);
        return true;
    }

    void setMarks(int slot, int value) {
        marks[slot] = value;
        Words.setIntRelease(memory, region.at(slot) + SlotLayout.MARKS, value);
    }

    void setError(int slot, int errno) {
        errorSequence[slot] = errorSequence[slot] + 1 & 0xffff;
        Words.setIntRelease(memory, region.at(slot) + SlotLayout.ERROR, errorSequence[slot] << 16 | errno & 0xffff);
    }

    /** True if nobody has taken the slot's last error. */
    boolean hasError(int slot) {
        return errorSequence[slot] != (region.intWord(slot, SlotLayout.ERROR_TAKEN) & 0xffff);
    }
}
