package org.ringfence.ring.region;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.system.Geometry;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.memory.internal.JnaSystem;

/** A region of an application and one of an INS in real shared memory, and what they tell their peers, written down. */
final class TestRegions implements AutoCloseable {
    static final JnaSystem SYSTEM = new JnaSystem(Path.of(System.getProperty("ringfence.native", "native/build")));
    static final int SLOTS = 64;
    static final int COMMANDS = 16;
    static final int CELLS = 64;

    final Application application;
    final Ins ins;
    final Journal journal;
    final ByteBuffer journalMemory;

    TestRegions() {
        this(16 << 20);
    }

    TestRegions(long poolBytes) {
        this(SLOTS, poolBytes);
    }

    TestRegions(int slots, long poolBytes) {
        try {
            Geometry geometry = new Geometry(1, slots, COMMANDS, CELLS, poolBytes);
            application = new Application(SYSTEM.createRegion("test-a", geometry, 1));
            ins = new Ins(SYSTEM.createRegion("test-b", geometry, 2));
            var memory = SYSTEM.createMemory("test-journal", Journal.bytes(16));
            journalMemory = memory.buffer();
            journal = new Journal(memory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        application.close();
        ins.close();
        journal.close();
    }

    /** Writes down what it tells the application, as {@code readable 3}. */
    static final class Application extends BackendRegion {
        final List<String> told = new ArrayList<>();
        /** Bytes that its tables may become longer by. */
        long heap = Long.MAX_VALUE;
        boolean roomAtLastWatch;

        Application(org.ringfence.api.system.SharedMemory memory) {
            super(memory, 1, "application", 4711);
        }

        Application(org.ringfence.api.handover.HandoverState from) {
            super(from);
        }

        @Override
        protected boolean takeHeap(long bytes) {
            heap -= bytes;
            return heap >= 0;
        }

        @Override
        protected void unexpected(int slot) {
        }

        @Override
        protected void tellReadable(int slot) {
            told.add("readable " + slot);
        }

        @Override
        protected void remindReadable(int slot) {
            told.add("reminded " + slot);
        }

        @Override
        protected void tellWritable(int slot, boolean always) {
            told.add((always ? "writable " : "room ") + slot);
        }

        @Override
        protected void tellMarks(int slot, int marks) {
            told.add("marks " + slot + " " + marks);
        }

        @Override
        protected void tellAnswered(int offset) {
            told.add("answered " + offset);
        }

        @Override
        protected void watchRoom(int slot, boolean room) {
            roomAtLastWatch = room;
        }

        /** What was told since the last call. */
        List<String> news() {
            List<String> news = List.copyOf(told);
            told.clear();
            return news;
        }

        @Override
        public void offer(int listener, int slot) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean withdraw(int listener, int slot) {
            return false;
        }

        @Override
        public int waiting(int listener) {
            return 0;
        }

        @Override
        public void claimed(int slot) {
        }
    }

    static final class Ins extends FrontendRegion {
        ProtocolViolation violation;

        Ins(org.ringfence.api.system.SharedMemory memory) {
            super(memory, 2, "ins", 4712);
        }

        @Override
        protected boolean takeHeap(long bytes) {
            return true;
        }

        @Override
        protected void violated(ProtocolViolation found) {
            violation = found;
        }
    }
}
