package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;

/** Connections to which nothing happens for some seconds: they are not looked at many times a second, and go on as if they had been. */
class QuietTest {
    private final RunningGateway gateway = new RunningGateway();

    @AfterEach
    void close() throws IOException {
        gateway.close();
    }

    private RelayedSocket connection() {
        return gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.isConnection() && s.phase == RelayedSocket.Phase.CONNECTED)
                .findFirst().orElseThrow());
    }

    private void echo(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes());
        assertArrayEquals(text.getBytes(), socket.getInputStream().readNBytes(text.length()));
    }

    /** A connection on which a word has gone back and forth. */
    private Socket echoed(Program server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.number());
        socket.setSoTimeout(20_000);
        echo(socket, "hello");
        return socket;
    }

    /** The connection, as soon as it rests. */
    private RelayedSocket resting() {
        RelayedSocket connection = connection();
        RunningGateway.await("it rests", () -> gateway.ask(connection::isQuiet));
        return connection;
    }

    @Test
    void anIdleConnectionRestsIsCountedAndGoesOn() throws IOException {
        Program server = gateway.behindShim("echo", "echo.py");
        try (Socket socket = echoed(server)) {
            RelayedSocket connection = resting();
            RunningGateway.await("it is counted", () -> gateway.ask(() -> connection.listener().open()) == 1);
            echo(socket, "again");
            assertEquals(10L, gateway.ask(connection::bytesIn));
            RunningGateway.await("it rests once more", () -> gateway.ask(connection::isQuiet));
            assertEquals(1, gateway.ask(() -> connection.listener().open()));
        }
    }

    @Test
    void aConnectionThatRestsAndIsTakenBackIsCountedNoMore() throws IOException {
        Program server = gateway.behindShim("dissolve", "dissolve.py");
        try (Socket socket = echoed(server)) {
            Listener listener = gateway.ask(resting()::listener);
            server.tell("go");
            server.expect("dissolved");
            RunningGateway.await("it is counted no more", () -> gateway.ask(listener::open) == 0);
        }
    }

    @Test
    void aRequestThatHasBegunIsLookedAtEightTimesAsOftenAsAnIdleConnection() throws IOException {
        gateway.policies.rule = new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true);
        int port = gateway.behindShim("requests", "requests.py", "http").number();
        try (Socket idle = new Socket(InetAddress.getLoopbackAddress(), port); Socket begun = new Socket(InetAddress.getLoopbackAddress(), port)) {
            idle.setSoTimeout(20_000);
            idle.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
            assertEquals('H', idle.getInputStream().read());
            begun.getOutputStream().write("GET / HT".getBytes());
            RunningGateway.await("both rest", () -> gateway.ask(() -> gateway.loop.sockets().stream()
                    .filter(s -> s.isConnection() && s.phase == RelayedSocket.Phase.CONNECTED && s.isQuiet()).count()) == 2);
            long ofIdle = gateway.ask(() -> socket(idle).id());
            long ofBegun = gateway.ask(() -> socket(begun).id());
            int idleBefore = gateway.policies.inspected.get(ofIdle);
            int begunBefore = gateway.policies.inspected.get(ofBegun);
            RunningGateway.await("it was looked at", () -> gateway.policies.inspected.get(ofBegun) >= begunBefore + 16);
            assertEquals(2, gateway.policies.inspected.get(ofIdle) - idleBefore, 1);
        }
    }

    @Test
    void anIdleConnectionThatAPolicyNoLongerWantsIsResetThoughNothingHappensToIt() throws IOException {
        Program server = gateway.behindShim("echo", "echo.py");
        try (Socket socket = echoed(server)) {
            RelayedSocket connection = resting();
            double rate = gateway.ask(() -> connection.gate.inRate);
            assertTrue(rate > 0, "a rate of " + rate);
            RunningGateway.await("its rate is less each time it is looked at", () -> gateway.ask(() -> connection.isQuiet() && connection.gate.inRate < rate));
            gateway.policies.ofConnections = Measure.RESET;
            SocketException reset = assertThrows(SocketException.class, () -> socket.getInputStream().read());
            assertEquals("Connection reset", reset.getMessage());
            RunningGateway.await("only the listener is left", () -> gateway.relayedSockets() == 1);
        }
    }

    private RelayedSocket socket(Socket client) {
        return gateway.loop.sockets().stream().filter(s -> s.isConnection() && s.peerPort == client.getLocalPort()).findFirst().orElseThrow();
    }

    @Test
    void aTimelineIsInOrderAndKeepsTheHoursOfALongConnection() {
        Timeline timeline = new Timeline();
        timeline.clear();
        long hour = 3_600_000_000_000L;
        timeline.arrived(-5 * hour); // the clock may begin anywhere
        timeline.mark(Timeline.Event.STOOD, -5 * hour + 7_000);
        timeline.mark(Timeline.Event.LAST_IN, -5 * hour + 3 * hour);
        timeline.mark(Timeline.Event.CLOSED, -5 * hour + 100 * hour);
        timeline.mark(Timeline.Event.ENDED, -5 * hour + 99 * hour); // as of the beginning of a turn
        List<ConnectionDetail.Moment> moments = timeline.moments("judged");
        assertEquals(List.of(0L, 7L), moments.stream().limit(2).map(ConnectionDetail.Moment::microseconds).toList());
        assertEquals(3 * 3_600_000_000.0, moments.get(2).microseconds(), 300);
        assertEquals(100 * 3_600_000_000.0, moments.get(3).microseconds(), 10_000);
        assertTrue(moments.get(4).microseconds() >= moments.get(3).microseconds());
    }
}
