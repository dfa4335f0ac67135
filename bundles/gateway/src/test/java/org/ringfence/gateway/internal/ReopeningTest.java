package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
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

    private void loseIns() {
        gateway.signalIns("KILL");
        RunningGateway.await("the INS is gone", () -> gateway.ask(() -> gateway.loop.inss().isEmpty()));
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
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(7);
            assertEquals(7, socket.getInputStream().read());
        }
        server.expect("served");
    }

    @Test
    void aServerServesAtTheNextInsWithoutANotice() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        serves(server, port);
        for (int i = 0; i < 3; i++) {
            loseIns();
            gateway.startIns();
            awaitListening();
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
        loseIns();
        gateway.startIns();
        awaitListening();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(7);
            server.expect("served");
        }
    }

    @Test
    void itHasItsOptionsAgain() {
        Program server = gateway.behindShim("listen", "listen.py");
        server.number();
        server.tell("options");
        String before = server.line();
        assertTrue(before.startsWith("1 1 1 "), before);
        loseIns();
        gateway.startIns();
        awaitListening();
        server.tell("options");
        server.expect(before);
    }

    @Test
    void itsBacklogIsTheSame() throws IOException, InterruptedException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        loseIns();
        gateway.startIns();
        awaitListening();
        Process ss = new ProcessBuilder("ss", "-Hltn", "sport = :" + port).start();
        String shown = new String(ss.getInputStream().readAllBytes());
        ss.waitFor();
        assertEquals("7", shown.trim().split("\\s+")[2], shown);
    }

    @Test
    void oneThatWasNeverBoundKeepsItsPort() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py", "bare");
        int port = server.number();
        loseIns();
        gateway.startIns();
        awaitListening();
        serves(server, port);
    }

    @Test
    void aPortThatIsTakenIsTriedAgainUntilItIsFreeAndSaidOnce() throws IOException {
        Program server = gateway.behindShim("listen", "listen.py");
        int port = server.number();
        loseIns();
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
        loseIns();
        server.tell("close");
        server.expect("closed");
        gateway.startIns();
        int next = gateway.behindShim("echo", "echo.py").number();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), next)) {
            socket.getOutputStream().write(1);
            assertEquals(1, socket.getInputStream().read());
        }
        assertThrows(ConnectException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port));
        assertFalse(gateway.log().contains("again, at INS"), gateway.log());
    }

    @Test
    void oneWhoseProgramEndsMeanwhileLeavesNothing() {
        Program server = gateway.behindShim("listen", "listen.py");
        server.number();
        loseIns();
        server.kill();
        gateway.startIns();
        gateway.awaitEmpty();
    }
}
