package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.ring.layout.JournalLayout;
import org.ringfence.ring.layout.Words;

/**
 * The gateway's private record of every connection, in memory that outlives the process: what must not be learned from a region, because
 * a peer can write there. Written before the publication it describes. Event loop's thread only.
 */
public final class Journal {
    private final SharedMemory shared;
    private final ByteBuffer memory;

    public Journal(SharedMemory shared) {
        this.shared = shared;
        memory = shared.buffer();
    }

    /** Bytes of a journal of {@code records} connections. */
    public static long bytes(int records) {
        return (long) records * JournalLayout.BYTES;
    }

    void associate(int record, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        int r = record * JournalLayout.BYTES;
        memory.putInt(r + JournalLayout.A_SLOT, applicationSlot).putInt(r + JournalLayout.A_GENERATION, application.generation(applicationSlot));
        memory.putInt(r + JournalLayout.INS, ins.id()).putInt(r + JournalLayout.B_SLOT, insSlot);
        memory.putInt(r + JournalLayout.B_GENERATION, ins.generation(insSlot)).putInt(r + JournalLayout.MARKS, 0);
        memory.putLong(r + JournalLayout.OUT_TAKEN, 0).putLong(r + JournalLayout.OUT_GIVEN, 0);
        memory.putLong(r + JournalLayout.IN_TAKEN, 0).putLong(r + JournalLayout.IN_GIVEN, 0);
        memory.putLong(r + JournalLayout.HOLD, JournalLayout.NOT_HELD);
        Words.setIntRelease(memory, r + JournalLayout.A_REGION, application.id());
    }

    /** The connection goes on with another slot of the application, whose counters begin anew. */
    void rebound(int record, ApplicationRegion application, int applicationSlot) {
        int r = record * JournalLayout.BYTES;
        memory.putInt(r + JournalLayout.A_SLOT, applicationSlot).putInt(r + JournalLayout.A_GENERATION, application.generation(applicationSlot));
    }

    /** Position up to which the application sees the bytes given to it; {@link Long#MAX_VALUE}: all of them. */
    void hold(int record, long released) {
        Words.setRelease(memory, record * JournalLayout.BYTES + JournalLayout.HOLD, released == Long.MAX_VALUE ? JournalLayout.NOT_HELD : released);
    }

    void moved(int record, Direction direction, long taken, long given) {
        int r = record * JournalLayout.BYTES;
        boolean inwards = direction == Direction.IN;
        Words.setOpaque(memory, r + (inwards ? JournalLayout.IN_TAKEN : JournalLayout.OUT_TAKEN), taken);
        Words.setRelease(memory, r + (inwards ? JournalLayout.IN_GIVEN : JournalLayout.OUT_GIVEN), given);
    }

    /** The connection is over: the record names no region. */
    public void clear(int record) {
        Words.setIntRelease(memory, record * JournalLayout.BYTES + JournalLayout.A_REGION, 0);
    }

    public SharedMemory memory() {
        return shared;
    }

    public void close() {
        shared.close();
    }
}
