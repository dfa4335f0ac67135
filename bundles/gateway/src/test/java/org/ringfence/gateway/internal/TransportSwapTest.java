package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;

/** One version of the transport takes over from another while programs and connections live. */
class TransportSwapTest {
    private final RunningGateway gateway = new RunningGateway();
    private int port;

    @BeforeEach
    void startServer() {
        port = gateway.behindShim("echo", "echo.py").number();
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

    private static void roundTrip(Socket socket) throws IOException {
        socket.getOutputStream().write("hello".getBytes());
        assertArrayEquals("hello".getBytes(), socket.getInputStream().readNBytes(5));
    }

    private static Transport next() {
        return RunningGateway.transport(Map.of());
    }

    private void park() {
        gateway.ask(() -> {
            gateway.loop.park();
            return null;
        });
    }

    @Test
    void establishedConnectionsAndListenersLiveOn() throws IOException {
        try (Socket before = connect()) {
            roundTrip(before);
            gateway.takeOver(next());
            roundTrip(before);
            try (Socket after = connect()) {
                roundTrip(after);
                gateway.takeOver(next());
                roundTrip(before);
                roundTrip(after);
            }
        }
        int second = gateway.behindShim("second", "echo.py").number();
        try (Socket other = new Socket(InetAddress.getLoopbackAddress(), second)) {
            roundTrip(other);
        }
    }

    @Test
    void manyMebibytesComeBackUnchangedWhileItIsSwappedAgainAndAgain() throws Exception {
        byte[] data = new byte[24 << 20];
        new Random(1).nextBytes(data);
        AtomicBoolean done = new AtomicBoolean();
        try (Socket socket = connect()) {
            Thread sending = new Thread(() -> {
                try {
                    socket.getOutputStream().write(data);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            Thread swapping = new Thread(() -> {
                while (!done.get()) {
                    gateway.takeOver(next());
                }
            });
            sending.start();
            swapping.start();
            byte[] back = socket.getInputStream().readAllBytes();
            done.set(true);
            sending.join();
            swapping.join();
            assertArrayEquals(data, back);
        }
    }

    @Test
    void connectionsComeAndGoWhileItIsSwapped() throws IOException {
        int slots = gateway.insSlots();
        long sockets = gateway.relayedSockets();
        for (int i = 0; i < 60; i++) {
            try (Socket socket = connect()) {
                roundTrip(socket);
                gateway.takeOver(next());
            }
        }
        RunningGateway.await("the connections are released", () -> gateway.relayedSockets() == sockets && gateway.insSlots() == slots);
        assertEquals(60, gateway.policies.closed.get());
    }

    @Test
    void whileThereIsNoneEverythingWaitsAndThenGoesOn() throws IOException {
        try (Socket socket = connect()) {
            roundTrip(socket);
            park();
            socket.getOutputStream().write("hello".getBytes());
            socket.setSoTimeout(300);
            assertThrows(SocketTimeoutException.class, () -> socket.getInputStream().read());
            gateway.takeOver(next());
            socket.setSoTimeout(20_000);
            assertArrayEquals("hello".getBytes(), socket.getInputStream().readNBytes(5));
        }
    }

    @Test
    void whatEndedWhileThereWasNoneIsNoticedAfterwards() throws IOException {
        long sockets = gateway.relayedSockets();
        Socket socket = connect();
        roundTrip(socket);
        park();
        socket.close();
        gateway.takeOver(next());
        RunningGateway.await("the connection is released", () -> gateway.relayedSockets() == sockets);
    }

    @Test
    void theBytesOfAConnectionAreCountedOverAllVersions() throws IOException {
        try (Socket socket = connect()) {
            roundTrip(socket);
            gateway.takeOver(next());
            roundTrip(socket);
            gateway.takeOver(next());
            assertEquals(10, new Reports(gateway.loop, null).connections().get(0).bytesIn());
        }
    }

    @Test
    void theOneThatCannotTakeOverLeavesThePresentOneAtWork() throws IOException {
        Transport broken = new Transport() {
            @Override
            public TransportSession open(Path state, TransportListener listener) {
                throw new IllegalStateException("broken");
            }

            @Override
            public TransportSession adopt(HandoverState state, TransportListener listener) {
                throw new IllegalStateException("broken");
            }
        };
        try (Socket socket = connect()) {
            roundTrip(socket);
            ExecutionException thrown = assertThrows(ExecutionException.class, () -> gateway.loop.ask(() -> {
                gateway.loop.takeOver(broken);
                return null;
            }).get());
            assertEquals("broken", thrown.getCause().getMessage());
            roundTrip(socket);
        }
    }

    @Test
    void aStateOfALaterVersionIsRefused() {
        HandoverState later = new HandoverState("ring.local", 1000);
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> next().adopt(later, new SilentListener()));
        assertTrue(thrown.getMessage().contains("version 1000"), thrown.getMessage());
    }

    @Test
    void aLoopThatHasEndedAnswersAtOnceThatItHas() {
        gateway.loop.close();
        ExecutionException ended = assertThrows(ExecutionException.class, () -> gateway.loop.ask(() -> 1).get(20, TimeUnit.SECONDS));
        assertEquals("the event loop has ended", ended.getCause().getMessage());
    }

    @Test
    void aGatewayThatEndsWhileThereIsNoneEndsTheConnectionsOfItsPrograms() throws IOException {
        Program server = gateway.behindShim("hold", "hold.py");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.number())) {
            server.expect("1");
            park();
            gateway.loop.close();
            server.expect("ECONNRESET");
        }
    }
}
