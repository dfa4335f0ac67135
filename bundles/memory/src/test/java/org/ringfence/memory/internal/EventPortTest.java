package org.ringfence.memory.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Function;
import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.SharedMemory;

class EventPortTest {
    private static final JnaSystem SYSTEM = new JnaSystem(Path.of(System.getProperty("ringfence.native", "native/build")));
    private static final int EAGAIN = 11;
    private static final int EPIPE = 32;
    private static final String SCHED_BATCH = "3"; // sched.h
    private static final int OUT_BLOCKED = 160; // of struct rf_slot
    private static final long SYS_FUTEX = Platform.isARM() ? 98 : 202;
    private static final int FUTEX_WAIT = 0;
    private static final int FUTEX_CMP_REQUEUE = 4;
    private EventPort port;
    private int near;
    private int far;

    @BeforeEach
    void open() throws IOException {
        port = SYSTEM.openEventPort();
        int[] channel = SYSTEM.channel();
        near = channel[0];
        far = channel[1];
    }

    @AfterEach
    void close() {
        port.close();
        SYSTEM.close(near);
        SYSTEM.close(far);
    }

    private int offer(int number) {
        return port.offer(near, number, false, new byte[] {(byte) number}, 1);
    }

    @Test
    void actionsAreCarriedOutInTheirOrder() {
        for (int i = 1; i <= 20; i++) {
            offer(i);
        }
        port.turn(0);
        byte[] packet = new byte[8];
        for (int i = 1; i <= 20; i++) {
            assertEquals(1, SYSTEM.receive(far, packet));
            assertEquals(i, packet[0]);
        }
        assertEquals(-EAGAIN, SYSTEM.receive(far, packet));
    }

    @Test
    void anOfferMakesAPairWhoseNearEndHearsOfTheFarEndsEnd() {
        int first = offer(7);
        assertEquals(0, port.turn(0));
        int end = port.result(first);
        assertTrue(end >= 0, "result " + end);
        assertNotEquals(0, port.cookie(first));
        SYSTEM.receive(far, new byte[8]); // without asking for the descriptor: the kernel closes it
        assertEquals(1, port.turn(5000));
        assertEquals(7, port.key(0));
        assertTrue((port.flags(0) & EventPort.HUP) != 0, "flags " + port.flags(0));
        SYSTEM.close(end);
    }

    @Test
    void everyPairHasACookieOfItsOwn() {
        int first = offer(1);
        int second = offer(2);
        port.turn(0);
        assertNotEquals(port.cookie(first), port.cookie(second));
    }

    @Test
    void whatABatchHasBroughtStaysWhileTheNextOneIsFilled() {
        int first = offer(1);
        int second = offer(2);
        port.turn(0);
        int end = port.result(second);
        long cookie = port.cookie(second);
        port.packet(port.result(first), 0x1234_5678);
        port.drain(port.result(first), 0x8765_4321);
        assertEquals(end, port.result(second));
        assertEquals(cookie, port.cookie(second));
    }

    @Test
    void anOfferToNobodyFails() {
        SYSTEM.close(far);
        int first = offer(1);
        port.turn(0);
        assertEquals(-EPIPE, port.result(first));
    }

    @Test
    void endOfFileShownToNobodyFails() {
        SYSTEM.close(far);
        int end = port.end(near);
        port.turn(0);
        assertTrue(port.result(end) < 0, "result " + port.result(end));
    }

    @Test
    void theThreadThatTurnsWaitsForItsTurnWhenItIsWoken() throws Exception {
        String[] policy = new String[1];
        Thread turner = new Thread(() -> {
            port.turn(0);
            policy[0] = policy();
        });
        turner.start();
        turner.join();
        assertEquals(SCHED_BATCH, policy[0]);
    }

    /** Of the calling thread: field 41 of its stat, proc(5). */
    private static String policy() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[41 - 3];
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void endOfFileShownToSomebodySucceeds() {
        int end = port.end(near);
        port.turn(0);
        assertEquals(0, port.result(end));
        assertEquals(0, SYSTEM.receive(far, new byte[8]));
    }

    @Test
    void aFullQueueRefusesOffersAndTellsOfRoom() {
        port.watch(near, EventPort.OUT | EventPort.EDGE, 99);
        assertEquals(1, port.turn(0), "writable at first");
        int offers = 0;
        int refused = 0;
        while (refused == 0 && offers < 10_000) {
            int index = offer(1);
            port.turn(0);
            refused = port.result(index) < 0 ? port.result(index) : 0;
            offers++;
        }
        assertEquals(-EAGAIN, refused, "after " + offers + " offers");
        assertEquals(0, port.turn(0));
        boolean told = false;
        for (int i = 0; i < offers && !told; i++) {
            SYSTEM.receive(far, new byte[8]);
            for (int events = port.turn(0); events > 0; events--) {
                told |= port.key(events - 1) == 99 && (port.flags(events - 1) & EventPort.OUT) != 0;
            }
        }
        assertTrue(told, "room is never told of");
        int again = offer(1);
        port.turn(0);
        assertTrue(port.result(again) >= 0, "result " + port.result(again));
    }

    /** Packets that are left after {@code drain} of an end where there were three. */
    private int leftOfThree(int outBlocked) throws IOException {
        try (SharedMemory memory = SYSTEM.createMemory("test-slot", 4096)) {
            memory.buffer().putInt(OUT_BLOCKED, outBlocked);
            for (int i = 0; i < 3; i++) {
                SYSTEM.send(far, new byte[1]);
            }
            int drained = port.drain(near, memory.address());
            port.turn(0);
            assertEquals(0, port.result(drained));
            int left = 0;
            while (SYSTEM.receive(near, new byte[8]) >= 0) {
                left++;
            }
            return left;
        }
    }

    @Test
    void packetsAreReadAwayWhileNobodyWaitsForRoom() throws IOException {
        assertEquals(0, leftOfThree(0));
    }

    @Test
    void whoWaitsForRoomAnewKeepsTheirPackets() throws IOException {
        assertEquals(3, leftOfThree(1));
    }

    @Test
    void anEdgeIsToldOnce() throws IOException {
        int bell = SYSTEM.eventDescriptor();
        port.watch(bell, EventPort.IN | EventPort.EDGE, 5);
        assertEquals(0, port.turn(0));
        for (int i = 0; i < 3; i++) {
            SYSTEM.signal(bell);
            assertEquals(1, port.turn(5000), "each signal is an edge, though nobody reads");
            assertEquals(5, port.key(0));
            assertEquals(0, port.turn(0));
        }
        SYSTEM.close(bell);
    }

    @Test
    void anActionOnADescriptorThatIsNoneFailsAndTheNextIsCarriedOut() {
        port.shutdown(-1, 0);
        int second = offer(3);
        port.turn(0);
        assertTrue(port.result(second) >= 0);
    }

    @Test
    void aBatchGrowsBeyondItsUsualRoomAndKeepsItsOrder() {
        int room = port.room();
        int first = offer(1);
        for (int i = 1; i < 3 * room; i++) {
            port.shutdown(-1, 0);
        }
        assertEquals(0, port.room());
        int last = offer(2);
        port.turn(0);
        assertEquals(room, port.room());
        byte[] packet = new byte[8];
        assertEquals(1, SYSTEM.receive(far, packet));
        assertEquals(1, packet[0]);
        assertEquals(1, SYSTEM.receive(far, packet));
        assertEquals(2, packet[0]);
        assertTrue(port.result(first) >= 0 && port.result(last) >= 0);
        SYSTEM.close(port.result(first));
        SYSTEM.close(port.result(last));
    }

    @Test
    void aPacketGoesOutOnlyWhileThereIsSomethingToRead() throws IOException {
        int inTail = 80; // as in SlotLayout, which is the ring bundle's
        int told = 116;
        try (SharedMemory memory = SYSTEM.createMemory("slot", 4096)) {
            port.packet(near, memory.address());
            port.turn(0);
            assertEquals(-EAGAIN, SYSTEM.receive(far, new byte[8]));
            assertEquals(0, memory.buffer().getInt(told));
            memory.buffer().putLong(inTail, 5);
            int packet = port.packet(near, memory.address());
            port.turn(0);
            assertEquals(0, port.result(packet));
            assertEquals(0, SYSTEM.receive(far, new byte[8]));
            assertEquals(1, memory.buffer().getInt(told));
        }
    }

    @Test
    void aReminderGoesOutOnlyWhereNoPacketLies() throws IOException {
        int inTail = 80; // as in SlotLayout, which is the ring bundle's
        try (SharedMemory memory = SYSTEM.createMemory("slot", 4096)) {
            memory.buffer().putLong(inTail, 5);
            port.remind(near, memory.address());
            port.remind(near, memory.address());
            port.turn(0);
            assertEquals(0, SYSTEM.receive(far, new byte[8]));
            assertEquals(-EAGAIN, SYSTEM.receive(far, new byte[8]), "the second found the first there");
            port.remind(near, memory.address());
            port.turn(0);
            assertEquals(0, SYSTEM.receive(far, new byte[8]), "though nobody has counted the first as heard");
        }
    }

    @Test
    void aListeningSocketIsItsOwnersAloneAndTellsWhoConnected(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("socket");
        int listener = SYSTEM.listen(path);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        int[] pid = new int[1];
        assertEquals(-EAGAIN, SYSTEM.accept(listener, pid));
        Process peer = new ProcessBuilder("python3", "-c", "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('"
                + path + "'); s.send(b'hello'); sys.stdin.read()").start();
        port.watch(listener, EventPort.IN | EventPort.EDGE, 1);
        assertEquals(1, port.turn(10_000));
        int connection = SYSTEM.accept(listener, pid);
        assertEquals(peer.pid(), pid[0]);
        port.watch(connection, EventPort.IN | EventPort.EDGE, 2);
        assertEquals(1, port.turn(10_000));
        assertEquals(5, SYSTEM.receive(connection, new byte[8]));
        peer.destroyForcibly().waitFor();
        assertEquals(0, SYSTEM.receive(connection, new byte[8]));
        SYSTEM.close(connection);
        SYSTEM.close(listener);
    }

    // ---- sleepers on a word ----

    private static long futex(long address, int operation, long value, long other, long otherAddress) {
        return Function.getFunction("c", "syscall").invokeLong(new Object[] {SYS_FUTEX, address, (long) operation, value, other, otherAddress, 0L});
    }

    @Test
    void aWakeIsForOneSleeperHoweverManyAHostileProgramHasThere() throws Exception {
        try (SharedMemory memory = SYSTEM.createMemory("words", 4096)) {
            long word = memory.address() + 64;
            Thread[] sleepers = new Thread[2];
            for (int i = 0; i < sleepers.length; i++) {
                sleepers[i] = new Thread(() -> futex(memory.address(), FUTEX_WAIT, 0, 0, 0));
                sleepers[i].start();
            }
            long asleep = 0;
            for (long end = System.nanoTime() + 10_000_000_000L; asleep < 2; ) {
                asleep += futex(memory.address(), FUTEX_CMP_REQUEUE, 0, 2, word); // those that sleep go on doing so there
                assertTrue(System.nanoTime() - end < 0, "they do not sleep");
            }
            for (Thread sleeper : sleepers) {
                port.wake(word);
                port.turn(0);
                assertEquals(1, port.result(0));
            }
            for (Thread sleeper : sleepers) {
                sleeper.join();
            }
        }
    }
}
