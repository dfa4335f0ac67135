package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** A server with one worker that does not keep up: what it has is taken back from it between two requests, and when that is pressure. */
class ReparkingTest {
    private static final String REQUEST = "GET / HTTP/1.1\r\n\r\n";
    private static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxxxxxxxxxx";

    private RunningGateway gateway;
    private Program server;
    private int port;

    @BeforeEach
    void start() {
        gateway = new RunningGateway();
    }

    @AfterEach
    void close() throws IOException {
        gateway.close();
    }

    private void serve(boolean enforced, String how) {
        gateway.policies.rule = new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, enforced);
        server = gateway.behindShim("requests", "requests.py", how);
        port = server.number();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String receive(Socket socket, int length) throws IOException {
        return new String(socket.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    private void awaitHeldBytes(long bytes) {
        RunningGateway.await(bytes + " bytes are held", () -> gateway.ask(() -> gateway.loop.sockets().stream()
                .filter(s -> s.phase == RelayedSocket.Phase.CONNECTED && s.gated).mapToLong(RelayedSocket::heldBytes).sum()) == bytes);
    }

    private void await(String what, Predicate<Listening> condition) {
        RunningGateway.await(what, () -> gateway.ask(() -> gateway.loop.sockets().stream()
                .anyMatch(s -> s.gated && s.phase == RelayedSocket.Phase.CONNECTED && condition.test(s.gate.listening))));
    }

    private void awaitPressure() {
        await("the listener is pressed", listening -> listening.pressure() > 0);
    }

    @Test
    void aConnectionThatWaitsForAMomentIsNoPressureYet() throws IOException {
        serve(true, "in-turn");
        try (Socket busy = connect(); Socket waiting = connect()) {
            send(busy, "GET /wait HTTP/1.1\r\n\r\n");
            expectRequest(busy, 22, "GET /wait");
            send(waiting, REQUEST);
            await("one waits, and that is none", listening -> listening.unread() == 1 && listening.isBehind() && listening.pressure() == 0);
            awaitPressure(); // but it is if it lasts
        }
    }

    @Test
    void aServerThatHasSaidItsLastDoesNotWaitForTheClientsEndWhileOthersWaitForIt() throws IOException {
        serve(true, "in-turn");
        try (Socket first = connect(); Socket waiting = connect()) {
            send(first, "GET /last HTTP/1.1\r\n\r\n");
            assertEquals(ANSWER, receive(first, ANSWER.length()));
            assertEquals(-1, first.getInputStream().read());
            send(waiting, REQUEST);
            assertEquals(ANSWER, receive(waiting, ANSWER.length()));
        }
    }

    @Test
    void clientsKeepTheirConnectionsWhileTheApplicationDoesNotKeepUp() throws IOException {
        serve(true, "in-turn");
        List<Socket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                clients.add(connect());
            }
            for (int round = 0; round < 25; round++) {
                for (Socket client : clients) {
                    send(client, "GET /page HTTP/1.1\r\n\r\n"); // its last bytes lie in the ring when it is complete
                }
                for (Socket client : clients) {
                    int length = "HTTP/1.1 200 OK\r\nContent-Length: 524288\r\n\r\n".length() + (512 << 10);
                    assertEquals(length, client.getInputStream().readNBytes(length).length, "round " + round);
                }
            }
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    private void expectRequest(Socket client, int length, String line) {
        server.expect("accepted " + client.getLocalPort());
        server.expect(length + " " + line + " HTTP/1.1");
    }

    @Test
    void aServersOnlyWorkerIsNotKeptByConnectionsBetweenRequests() throws IOException {
        serve(true, "in-turn");
        try (Socket kept = connect(); Socket second = connect(); Socket third = connect()) {
            send(kept, REQUEST);
            expectRequest(kept, REQUEST.length(), "GET /");
            assertEquals(ANSWER, receive(kept, ANSWER.length()));
            send(second, REQUEST); // nobody is there to accept it, until the first is taken back
            server.expect("end");
            expectRequest(second, REQUEST.length(), "GET /");
            assertEquals(ANSWER, receive(second, ANSWER.length()));
            send(kept, "GET /2");
            awaitHeldBytes(6);
            send(third, REQUEST); // half a request on the one that was taken back is not in its way
            server.expect("end");
            expectRequest(third, REQUEST.length(), "GET /");
            assertEquals(ANSWER, receive(third, ANSWER.length()));
            send(kept, " HTTP/1.1\r\n\r\n");
            server.expect("end");
            expectRequest(kept, 19, "GET /2");
            assertEquals(ANSWER, receive(kept, ANSWER.length()));
        }
    }

    @Test
    void aConnectionIsNotTakenBackInTheMiddleOfARequest() throws IOException {
        serve(true, "in-turn");
        try (Socket expecting = connect(); Socket waiting = connect()) {
            String head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
            send(expecting, head);
            expectRequest(expecting, head.length(), "POST /");
            send(waiting, REQUEST);
            awaitPressure();
            assertFalse(server.hasSaidMore());
            expecting.close();
            server.expect("end");
            expectRequest(waiting, REQUEST.length(), "GET /");
        }
    }

    @Test
    void aConnectionThatIsOnlyObservedIsNotTakenBack() throws IOException {
        serve(false, "in-turn");
        try (Socket kept = connect(); Socket waiting = connect()) {
            send(kept, REQUEST);
            assertEquals(ANSWER, receive(kept, ANSWER.length()));
            send(waiting, REQUEST);
            awaitPressure();
            send(kept, REQUEST);
            assertEquals(ANSWER, receive(kept, ANSWER.length()));
            kept.close();
            assertEquals(ANSWER, receive(waiting, ANSWER.length()));
        }
    }
}
