package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.ring.layout.JournalLayout;

class EchoTest {
    private final RunningGateway gateway = new RunningGateway();
    private Program server;
    private int port;

    @BeforeEach
    void startServer() {
        server = gateway.behindShim("echo", "echo.py");
        port = server.number();
    }

    @AfterEach
    void close() throws IOException {
        gateway.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        return socket;
    }

    @Test
    void whatAPeerSendsComesBack() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write("hello".getBytes());
            assertArrayEquals("hello".getBytes(), socket.getInputStream().readNBytes(5));
        }
    }

    @Test
    void manyMebibytesComeBackUnchanged() throws Exception {
        byte[] data = new byte[24 << 20];
        new Random(1).nextBytes(data);
        try (Socket socket = connect()) {
            Thread sending = new Thread(() -> {
                try {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            sending.start();
            byte[] back = socket.getInputStream().readAllBytes();
            sending.join();
            assertArrayEquals(data, back);
        }
    }

    @Test
    void steadyStateRelayingAllocatesNothingOnTheHeap() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertTrue(threads.isThreadAllocatedMemorySupported() && threads.isThreadAllocatedMemoryEnabled());
        long loop = Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().equals("ringfence-loop")).findFirst().orElseThrow()
                .getId();
        try (Socket socket = connect()) {
            roundTrips(socket, 5_000);
            // The least of five parts: what happens ten times a second is not of the round trips. One object of the smallest size in
            // each would be 64,000.
            long allocated = Long.MAX_VALUE;
            for (int part = 0; part < 5; part++) {
                long before = threads.getThreadAllocatedBytes(loop);
                roundTrips(socket, 4_000);
                allocated = Math.min(allocated, threads.getThreadAllocatedBytes(loop) - before);
            }
            assertTrue(allocated < 1024, allocated + " bytes were allocated in 4,000 round trips");
        }
    }

    private static void roundTrips(Socket socket, int count) throws IOException {
        byte[] request = new byte[100];
        byte[] response = new byte[100];
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream();
        for (int i = 0; i < count; i++) {
            request[i % 100]++;
            out.write(request);
            assertEquals(100, in.readNBytes(response, 0, 100));
        }
        assertArrayEquals(request, response);
    }

    @Test
    void theJournalTellsWhoseBytesWereMovedAndHowMany() throws IOException {
        ByteBuffer journal = OpenMemory.named("ringfence-journal");
        try (Socket socket = connect()) {
            byte[] request = new byte[12_345];
            socket.getOutputStream().write(request);
            assertEquals(12_345, socket.getInputStream().readNBytes(12_345).length);
            RelayedSocket connection = gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.isConnection()
                    && s.phase == RelayedSocket.Phase.CONNECTED).findFirst().orElseThrow());
            int r = connection.record * JournalLayout.BYTES;
            assertEquals(connection.region().id(), journal.getInt(r + JournalLayout.A_REGION));
            assertEquals(connection.slot, journal.getInt(r + JournalLayout.A_SLOT));
            assertEquals(connection.region().generation(connection.slot), journal.getInt(r + JournalLayout.A_GENERATION));
            assertEquals(connection.ins.region.id(), journal.getInt(r + JournalLayout.INS));
            assertEquals(connection.insSlot, journal.getInt(r + JournalLayout.B_SLOT));
            assertEquals(connection.ins.region.generation(connection.insSlot), journal.getInt(r + JournalLayout.B_GENERATION));
            for (int counter : new int[] {JournalLayout.OUT_TAKEN, JournalLayout.OUT_GIVEN, JournalLayout.IN_TAKEN, JournalLayout.IN_GIVEN}) {
                assertEquals(12_345, journal.getLong(r + counter), "counter at " + counter);
            }
            assertEquals(JournalLayout.NOT_HELD, journal.getLong(r + JournalLayout.HOLD));
            socket.close();
            RunningGateway.await("the record names no region", () -> journal.getInt(r + JournalLayout.A_REGION) == 0);
        }
    }

    @Test
    void aConnectionThatEndsLeavesNothingBehind() throws IOException {
        int before = gateway.insSlots();
        long sockets = gateway.relayedSockets();
        for (int i = 0; i < 50; i++) {
            try (Socket socket = connect()) {
                socket.getOutputStream().write(i);
                assertEquals(i, socket.getInputStream().read());
            }
        }
        RunningGateway.await("the connections are released", () -> gateway.relayedSockets() == sockets && gateway.insSlots() == before);
        assertEquals(50, gateway.policies.closed.get());
    }

    @Test
    void aServerKilledWithoutWarningLeavesNothingBehindAndItsPeersAreReset() throws IOException {
        Socket[] peers = new Socket[20];
        for (int i = 0; i < peers.length; i++) {
            peers[i] = connect();
            peers[i].getOutputStream().write(i);
            assertEquals(i, peers[i].getInputStream().read());
        }
        server.kill();
        for (Socket peer : peers) {
            try (peer) {
                assertEquals(-1, peer.getInputStream().read());
            } catch (java.net.SocketException reset) {
                assertEquals("Connection reset", reset.getMessage());
            }
        }
        gateway.awaitEmpty();
        assertEquals(20, gateway.policies.closed.get());
    }
}
