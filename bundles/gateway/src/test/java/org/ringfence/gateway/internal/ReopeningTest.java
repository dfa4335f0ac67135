package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A listener outlasts its INS. */
class ReopeningTest {
    private RunningGateway gateway;

    @BeforeEach
    void start() {
        gateway = new RunningGateway();
    }

    @AfterEach
    void close() throws IOException {
        gateway.close();
    }

    /** The INS goes, the next one comes, and the listener is there. */
    private void replaceIns() {
        gateway.loseIns();
        gateway.startIns();
        awaitListening();
    }

    private void awaitListening() {
        RunningGateway.await("the listener is open again",
                () -> gateway.ask(() -> gateway.loop.sockets().stream().anyMatch(s -> s.phase == RelayedSocket.Phase.LISTENING && s.posted > 0)));
    }

    private long reopenAt() {
        return gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.phase == RelayedSocket.Phase.REOPENING).findFirst().orElseThrow().reopenAt);
    }

    private static void serves(Program server, int port) throws IOException {
        server.tell("serve");
        server.expect("waits");
        visits(server, port);
    }

    private static void visits(Program server, int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(7);
            assertEquals(7, socket.getInputStream().read());
        }
        server.expect("served");
    }

    /** What a call of the server comes to. */
    private static String of(Program server, String call) {
        server.tell(call);
        return server.line();
    }

    private static String backlog(int port) throws IOException, InterruptedException {
        Process ss = new ProcessBuilder("ss", "-Hltn", "sport = :" + port).start();
        String shown = new String(ss.getInputStream().readAllBytes());
        ss.waitFor();
        return shown.trim().split("\\s+")[2];
    }

    @Test
    void aServerServesAtTheNextInsWithoutANotice() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        serves(server, port);
        for (int i = 0; i < 3; i++) {
            replaceIns();
            serves(server, port);
        }
        server.kill();
        gateway.awaitEmpty();
    }

    @Test
    void aServerThatWaitsInAcceptWhenItsInsGoesServesTheNextOne() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        server.tell("serve");
        server.expect("waits");
        RunningGateway.await("the server sleeps in accept()", () -> isAsleep(server.process.pid()));
        replaceIns();
        visits(server, port);
    }

    private static boolean isAsleep(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "stat")).contains(") S ");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void itHasItsOptionsAgain() {
        Program server = gateway.behindShim("listen", "listen.py");
        server.number();
        server.tell("options");
        String before = server.line();
        assertTrue(before.startsWith("1 1 1 "), before);
        replaceIns();
        server.tell("options");
        server.expect(before);
    }

    @Test
    void itsBacklogIsTheSame() throws IOException, InterruptedException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        replaceIns();
        assertEquals("7", backlog(port));
    }

    @Test
    void aBacklogThatIsSetMeanwhileIsTakenOver() throws IOException, InterruptedException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.loseIns();
        assertEquals("done", of(server, "backlog"));
        gateway.startIns();
        awaitListening();
        assertEquals("11", backlog(port));
    }

    @Test
    void anotherAddressIsRefusedMeanwhileAsEver() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        assertEquals("EINVAL", of(server, "bind"));
        gateway.loseIns();
        assertEquals("EINVAL", of(server, "bind"));
        gateway.startIns();
        awaitListening();
        serves(server, port);
    }

    @Test
    void oneThatIsShutDownMeanwhileEndsAccept() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.loseIns();
        assertEquals("done", of(server, "shutdown"));
        gateway.startIns();
        server.tell("serve");
        server.expect("waits");
        server.expect("EINVAL");
        assertThrows(ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port));
    }

    @Test
    void whatCameTooLateForAnOptionIsTooLateAgain() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py", "both");
        int port = server.number();
        serves(server, port);
        replaceIns();
        serves(server, port); // by IPv4
    }

    @Test
    void itWaitsForAnInsOfTheSameNameBeforeItGoesToAnother() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.startIns("south");
        gateway.loseFirstIns();
        assertEquals("ENETDOWN", of(server, "socket"));
        gateway.startIns();
        awaitListening();
        serves(server, port);
        assertEquals("ins", gateway.ask(() -> gateway.loop.applications().get(0).ins.region.name()));
    }

    @Test
    void anotherTransportThatTakesOverMeanwhileGoesOn() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.loseIns();
        gateway.takeOver(RunningGateway.transport(Map.of()));
        gateway.startIns();
        awaitListening();
        serves(server, port);
    }

    @Test
    void oneThatWasNeverBoundKeepsItsPort() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py", "bare");
        int port = server.number();
        replaceIns();
        serves(server, port);
    }

    @Test
    void aPortThatIsTakenIsTriedAgainUntilItIsFreeAndSaidOnce() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.loseIns();
        try (ServerSocket other = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            gateway.startIns();
            RunningGateway.await("it was tried", () -> gateway.log().contains("cannot be opened"));
            long next = reopenAt();
            RunningGateway.await("it was tried again", () -> reopenAt() != next);
            assertTrue(gateway.log().contains("port " + port + " of 'listen' cannot be opened at INS 'ins': EADDRINUSE"), gateway.log());
            assertTrue(other.isBound());
        }
        awaitListening();
        serves(server, port);
        assertEquals(gateway.log().indexOf("cannot be opened"), gateway.log().lastIndexOf("cannot be opened"), gateway.log());
    }

    @Test
    void oneThatIsClosedMeanwhileIsNotOpened() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        gateway.loseIns();
        assertEquals("closed", of(server, "close"));
        gateway.startIns();
        int next = gateway.behindShim("echo", "echo.py").number();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), next)) {
            socket.getOutputStream().write(1);
            assertEquals(1, socket.getInputStream().read());
        }
        assertThrows(ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port));
    }

    @Test
    void oneWhoseProgramEndsMeanwhileLeavesNothing() {
        Program server = gateway.behindShim("listen", "listen.py");
        server.number();
        gateway.loseIns();
        server.kill();
        gateway.startIns();
        gateway.awaitEmpty();
    }

    @Test
    void listenersOfWhomTheLogSaysThatTheyAreManyAreAllThereAgain() {
        gateway.behindShim("many", "listeners.py", 600).expect("512 ENOBUFS");
        gateway.behindShim("more", "listeners.py", 600).expect("256 ENOBUFS");
        gateway.loseIns();
        gateway.startIns();
        RunningGateway.await("all are open again", () -> gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.phase == RelayedSocket.Phase.LISTENING && s.posted > 0)
                .count()) == 512 + 256);
    }
}
