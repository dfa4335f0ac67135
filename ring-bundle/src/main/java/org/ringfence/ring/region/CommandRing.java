package org.ringfence.ring.region;

import static org.ringfence.ring.layout.CommandLayout.ARGS;
import static org.ringfence.ring.layout.CommandLayout.BYTES;
import static org.ringfence.ring.layout.CommandLayout.CALL_NUMBER;
import static org.ringfence.ring.layout.CommandLayout.CELL;
import static org.ringfence.ring.layout.CommandLayout.FLAGS;
import static org.ringfence.ring.layout.CommandLayout.GENERATION;
import static org.ringfence.ring.layout.CommandLayout.OP;
import static org.ringfence.ring.layout.CommandLayout.PAYLOAD;
import static org.ringfence.ring.layout.CommandLayout.PAYLOAD_LENGTH;
import static org.ringfence.ring.layout.CommandLayout.SLOT;
import static org.ringfence.ring.layout.CommandLayout.STAMP;

import java.nio.ByteBuffer;
import org.ringfence.api.call.Call;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.CellLayout;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.Words;

/** The command ring of a region, from one side. The gateway's own counter is private; the shared one is written, never read. */
final class CommandRing {
    private final MappedRegion region;
    private final ByteBuffer memory;
    private final int at;
    private final int entries;
    private final int cellsAt;
    private long position;
    private long callNumber;

    CommandRing(MappedRegion region, ByteBuffer memory, int at, int entries, int cellsAt) {
        this.region = region;
        this.memory = memory;
        this.at = at;
        this.entries = entries;
        this.cellsAt = cellsAt;
    }

    CommandRing from(HandoverState state) {
        position = state.longNumber("position");
        callNumber = state.longNumber("callNumber");
        return this;
    }

    HandoverState handOver() {
        return new HandoverState("commands", 1).put("position", position).put("callNumber", callNumber);
    }

    int entries() {
        return entries;
    }

    /** Entries between the gateway's counter and the peer's, within what is possible. */
    int waiting(int peersCounter) {
        long distance = Math.abs(Words.getOpaque(memory, peersCounter) - position);
        return (int) Math.min(distance, entries);
    }

    // ---- consumer: the backend ----

    boolean any() {
        return Words.getOpaque(memory, HeaderLayout.COMMAND_TAIL) != position;
    }

    /** The stamp of the next call: what was written before it has none that is later. */
    long stamp() {
        return memory.getLong(at + (int) (position & entries - 1) * BYTES + ARGS + STAMP * 8);
    }

    /** The operation of the next call, of which there must be one. */
    int operation() {
        return memory.getShort(at + (int) (position & entries - 1) * BYTES + OP);
    }

    boolean take(Call into) throws ProtocolViolation {
        long filled = Words.getAcquire(memory, HeaderLayout.COMMAND_TAIL) - position;
        if (filled == 0) {
            return false;
        }
        if (filled < 0 || filled > entries) {
            throw new ProtocolViolation(region, "command ring producer is " + filled + " entries ahead, beyond capacity " + entries);
        }
        int entry = at + (int) (position & entries - 1) * BYTES;
        into.operation = memory.getShort(entry + OP);
        into.slot = memory.getInt(entry + SLOT);
        into.generation = memory.getInt(entry + GENERATION);
        into.cell = memory.getInt(entry + CELL);
        into.callNumber = memory.getLong(entry + CALL_NUMBER);
        for (int i = 0; i < Call.ARGUMENTS; i++) {
            into.arguments[i] = i == STAMP ? 0 : memory.getLong(entry + ARGS + i * 8);
        }
        int length = memory.getInt(entry + PAYLOAD_LENGTH);
        boolean fits = length >= 0 && length <= Call.MAX_PAYLOAD;
        into.payloadLength = fits ? length : Call.PAYLOAD_TOO_LONG;
        memory.get(entry + PAYLOAD, into.payload, 0, fits ? length : 0);
        position++;
        Words.setRelease(memory, HeaderLayout.COMMAND_HEAD, position);
        return true;
    }

    // ---- producer: the frontend ----

    boolean put(Call call) throws ProtocolViolation {
        long filled = position - Words.getAcquire(memory, HeaderLayout.COMMAND_HEAD);
        if (filled < 0 || filled > entries) {
            throw new ProtocolViolation(region, "command ring consumer is " + -filled + " entries ahead of the producer");
        }
        if (filled == entries) {
            return false;
        }
        call.callNumber = ++callNumber;
        int entry = at + (int) (position & entries - 1) * BYTES;
        memory.putShort(entry + OP, (short) call.operation).putShort(entry + FLAGS, (short) 0);
        memory.putInt(entry + SLOT, call.slot).putInt(entry + GENERATION, call.generation).putInt(entry + CELL, call.cell);
        memory.putLong(entry + CALL_NUMBER, call.callNumber);
        for (int i = 0; i < Call.ARGUMENTS; i++) {
            memory.putLong(entry + ARGS + i * 8, i == STAMP ? Words.getOpaque(memory, HeaderLayout.OUT_COUNT) : call.arguments[i]);
        }
        memory.putInt(entry + PAYLOAD_LENGTH, call.payloadLength).put(entry + PAYLOAD, call.payload, 0, call.payloadLength);
        if (call.cell >= 0) {
            Words.setOpaque(memory, cellsAt + call.cell * CellLayout.BYTES + CellLayout.EXPECTED, call.callNumber);
        }
        position++;
        Words.setRelease(memory, HeaderLayout.COMMAND_TAIL, position);
        return true;
    }
}
