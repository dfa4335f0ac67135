package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.LatencyReport;
import org.ringfence.api.gateway.RingReport;

/** What an administrator sees of connections, and does to them. */
class InterventionTest {
    private final RunningGateway gateway = new RunningGateway();
    private final Reports reports = new Reports(gateway.loop, null);
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
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void echo(Socket socket, int b) throws IOException {
        socket.getOutputStream().write(b);
        assertEquals(b, socket.getInputStream().read());
    }

    private long onlyConnection() {
        return reports.connections().stream().filter(c -> c.state().equals("open")).findFirst().orElseThrow().id();
    }

    @Test
    void aConnectionThatIsResetIsGoneAtBothEnds() throws IOException {
        try (Socket socket = connect()) {
            echo(socket, 1);
            reports.reset(onlyConnection());
            SocketException reset = assertThrows(SocketException.class, () -> socket.getInputStream().read());
            assertEquals("Connection reset", reset.getMessage());
        }
        RunningGateway.await("only the listener is left", () -> gateway.relayedSockets() == 1);
        RunningGateway.await("its slot of the INS is free",
                () -> reports.inss().get(0).connections() == 0 && gateway.insSlots() == 1);
        try (Socket socket = connect()) {
            echo(socket, 2); // the server goes on
        }
    }

    @Test
    void aHeldConnectionMovesNoByteUntilItIsReleased() throws IOException {
        try (Socket socket = connect()) {
            echo(socket, 1);
            long id = onlyConnection();
            reports.hold(id);
            assertEquals("held", reports.connection(id).orElseThrow().connection().state());
            socket.getOutputStream().write(7);
            socket.setSoTimeout(300);
            assertThrows(SocketTimeoutException.class, () -> socket.getInputStream().read());
            reports.release(id);
            socket.setSoTimeout(20_000);
            assertEquals(7, socket.getInputStream().read());
            echo(socket, 8);
        }
    }

    @Test
    void whatCannotBeDoneIsSaidWithTheConnectionsNumber() {
        for (org.junit.jupiter.api.function.Executable act : List.<org.junit.jupiter.api.function.Executable>of(
                () -> reports.reset(4711), () -> reports.hold(4711), () -> reports.release(4711))) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, act);
            assertTrue(refused.getMessage().startsWith("connection 4711 is not open"), refused.getMessage());
        }
    }

    @Test
    void theTimelineOfAnEndedConnectionIsInOrder() throws IOException {
        try (Socket socket = connect()) {
            echo(socket, 1);
        }
        RunningGateway.await("the connection has ended",
                () -> reports.connections().stream().anyMatch(c -> c.state().equals("ended")));
        ConnectionReport ended = reports.connections().get(0);
        ConnectionDetail detail = reports.connection(ended.id()).orElseThrow();
        List<String> events = detail.timeline().stream().map(ConnectionDetail.Moment::what).toList();
        assertTrue(events.containsAll(List.of("arrived", "judged: allow by test", "connection stands", "first byte to the application",
                "first byte to the network", "end of file from the network", "the application closed it", "gone")), events.toString());
        assertEquals("arrived", events.get(0));
        assertEquals("gone", events.get(events.size() - 1));
        long last = 0;
        for (ConnectionDetail.Moment moment : detail.timeline()) {
            assertTrue(moment.microseconds() >= last, detail.timeline().toString());
            last = moment.microseconds();
        }
        assertEquals(1, ended.bytesIn());
        assertEquals(1, ended.bytesOut());
    }

    @Test
    void callsAreWrittenInStracesNotationWithTheVerdict() throws IOException {
        try (Socket socket = connect()) {
            echo(socket, 1);
            var accepts = reports.answeredAfter(0).stream().filter(call -> call.name().equals("accept")).toList();
            assertEquals(1, accepts.size());
            assertTrue(accepts.get(0).call().matches("accept\\(\\d+, \\{sa_family=AF_INET6?, sin6?_port=htons\\(" + socket.getLocalPort()
                    + "\\), .*\\}, \\[(16|28)\\]\\)"), accepts.get(0).call());
            assertEquals("allow", accepts.get(0).verdict());
            assertEquals("127.0.0.1:" + socket.getLocalPort(), accepts.get(0).peer());
        }
        List<String> calls = reports.trace(1024).stream().map(call -> call.call()).toList();
        assertTrue(calls.stream().anyMatch(call -> call.matches("socket\\(AF_INET6?, SOCK_STREAM, IPPROTO_\\w+\\)")), calls.toString());
        assertTrue(calls.stream().anyMatch(call -> call.matches("listen\\(\\d+, \\d+\\)")), calls.toString());
    }

    @Test
    void ringsAndStagesTellWhatTheyHaveSeen() throws IOException {
        try (Socket socket = connect()) {
            echo(socket, 1);
        }
        List<RingReport> rings = reports.rings();
        assertEquals(List.of("application", "ins"), rings.stream().map(RingReport::peer).toList());
        for (RingReport ring : rings) {
            assertTrue(ring.usage().openSlots() > 0 && ring.usage().openSlots() <= ring.usage().slots(), ring.toString());
            assertTrue(ring.usage().poolUsed() > 0 && ring.usage().poolUsed() <= ring.usage().poolBytes(), ring.toString());
        }
        for (LatencyReport stage : reports.latencies()) {
            assertTrue(stage.count() > 0 || stage.stage().equals("swap"), stage.toString());
            assertTrue(stage.p50() <= stage.p90() && stage.p99() <= stage.max(), stage.toString());
        }
    }

    @Test
    void aStoppedInsFallsSilentAndALivingOneDoesNot() {
        RunningGateway.await("the heartbeat was seen", () -> reports.inss().get(0).silentMilliseconds() < 1500);
        gateway.signalIns("STOP");
        try {
            RunningGateway.await("the INS is silent", () -> reports.inss().get(0).silentMilliseconds() > 3000);
        } finally {
            gateway.signalIns("CONT");
        }
        RunningGateway.await("it is heard again", () -> reports.inss().get(0).silentMilliseconds() < 1500);
    }
}
