package org.ringfence.ring.local;

import static java.nio.channels.FileChannel.MapMode.READ_WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.CommandLayout;
import org.ringfence.ring.layout.HeaderLayout;

/** A call that comes after closes when there are more of them than a turn has time for. */
class ClosesTest {
    private static final int MANY = 40;
    /** Of which one harvest does not do all. */
    private static final int OTHERS = 5;
    private static final long CLOSE_NANOSECONDS = 1_000_000;
    private static final long BOUND_NANOSECONDS = 20_000_000;
    @TempDir
    private Path state;
    private Attaching attaching;
    private LocalApplicationRegion region;
    private ByteBuffer memory;
    private final List<Integer> closed = new ArrayList<>();
    private final Call call = new Call();

    @BeforeEach
    void open() throws IOException {
        attaching = new Attaching(state);
        attaching.hello("server");
        attaching.turnUntil("it is attached", () -> attaching.applications.size() == 1);
        attaching.session.turn(0);
        region = (LocalApplicationRegion) attaching.applications.get(0);
        try (FileChannel file = FileChannel.open(Path.of("/proc/self/fd/" + region.descriptors()[0]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            memory = file.map(READ_WRITE, 0, 1 << 20).order(ByteOrder.nativeOrder());
        }
        attaching.whenClosed = slot -> {
            closed.add(slot);
            long end = System.nanoTime() + CLOSE_NANOSECONDS;
            while (System.nanoTime() - end < 0) {
                LockSupport.parkNanos(100_000);
            }
            region.freeSlot(slot);
        };
    }

    @AfterEach
    void close() {
        attaching.close();
    }

    /** The program closes many sockets, and then makes a call. */
    private void closeManyAndCall(Operation operation) {
        for (int i = 0; i < MANY; i++) {
            region.closed(region.openSlot(2, 1, 0));
        }
        call(operation);
    }

    private void call(Operation operation) {
        long position = memory.getLong(HeaderLayout.COMMAND_TAIL);
        int entry = (int) memory.getLong(HeaderLayout.COMMANDS_OFFSET) + (int) position * CommandLayout.BYTES;
        memory.putShort(entry + CommandLayout.OP, (short) operation.number());
        memory.putLong(HeaderLayout.COMMAND_TAIL, position + 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"BIND", "LISTEN", "CONNECT"})
    void aCallWaitsForTheClosesBeforeItAndOthersHaveTheirTurnMeanwhile(Operation operation) throws ProtocolViolation {
        closeManyAndCall(operation);
        int turns = 0;
        long began = System.nanoTime();
        while (!region.takeCall(call)) {
            long ended = System.nanoTime();
            assertTrue(ended - began < BOUND_NANOSECONDS, "a look took " + (ended - began) / 1000 + " us");
            assertTrue(closed.size() < MANY && turns++ < MANY, "it waits for nothing");
            attaching.session.turn(0);
            began = System.nanoTime();
        }
        assertEquals(operation.number(), call.operation);
        assertEquals(MANY, closed.size());
        assertTrue(turns > 0);
    }

    @Test
    void whatIsClosedWhileACallWaitsIsNotWaitedFor() throws ProtocolViolation {
        closeManyAndCall(Operation.BIND);
        while (!region.takeCall(call)) {
            region.closed(region.openSlot(2, 1, 0));
            attaching.session.turn(0);
            assertTrue(closed.size() < 2 * MANY, "it waits without end");
        }
    }

    @Test
    void anotherCallDoesNotWait() throws ProtocolViolation {
        closeManyAndCall(Operation.SETSOCKOPT);
        assertTrue(region.takeCall(call));
        assertEquals(0, closed.size());
    }

    @Test
    void whoWaitedAtAListenerThatWasClosedIsClosedBeforeTheCall() throws ProtocolViolation {
        int listener = region.openSlot(2, 1, 0);
        for (int i = 0; i < MANY; i++) {
            region.offer(listener, region.openSlot(2, 1, 0)); // there is no room at a listener whose end is not known
        }
        for (int i = 0; i < OTHERS; i++) {
            region.closed(region.openSlot(2, 1, 0));
        }
        region.closed(listener);
        call(Operation.BIND);
        while (!region.takeCall(call)) {
            attaching.session.turn(0);
        }
        assertEquals(OTHERS + 1 + MANY, closed.size());
    }

    @Test
    void oneHarvestIsBounded() {
        closeManyAndCall(Operation.BIND);
        long began = System.nanoTime();
        attaching.session.harvestCloses();
        assertTrue(System.nanoTime() - began < BOUND_NANOSECONDS, closed.size() + " closes at once");
        assertFalse(closed.isEmpty());
    }

    @Test
    void allCallsOfATurnTogetherHarvestForALittleTime() {
        closeManyAndCall(Operation.BIND);
        long began = System.nanoTime();
        for (int i = 0; i < MANY; i++) {
            attaching.session.harvestCloses();
        }
        assertTrue(System.nanoTime() - began < BOUND_NANOSECONDS, closed.size() + " closes at once");
    }
}
