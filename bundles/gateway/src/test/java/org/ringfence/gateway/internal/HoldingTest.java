package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** What an application learns of connections that are held, with the real shim and INS. */
class HoldingTest extends ServedRequests {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final int LEAVING = 60;

    private static HoldRule rule(Evidence evidence, int probes, int connections, int headMilliseconds) {
        return new HoldRule(evidence, 65536, 262144, headMilliseconds, headMilliseconds, 60_000, 60_000, connections, 1 << 20, probes, 1 << 20, 256 << 20, true, true);
    }

    private long held() {
        return count(RelayedSocket::isHeld);
    }

    @Test
    void aRequestReachesTheApplicationWhenItIsComplete() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, REQUEST.substring(0, 10));
            awaitHeldBytes(10);
            assertFalse(server.hasSaidMore(), "the application learned of half a request");
            send(socket, REQUEST.substring(10));
            server.expect("accepted");
            server.expect(REQUEST.length() + " GET / HTTP/1.1");
            assertAnswered(socket);
        }
    }

    @Test
    void nothingIsHeldOfWhatAnApplicationConnectsToItself() {
        gateway.policies.rule = rule(Evidence.HTTP_REQUEST, 0, 100, 60_000);
        Program program = gateway.behindShim("own", "own.py");
        for (int i = 0; i < 4; i++) {
            program.expect("accepted");
        }
    }

    @Test
    void aSecondRequestIsHeldLikeTheFirst() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, REQUEST + "GET /2");
            server.expect("accepted");
            server.expect(REQUEST.length() + " GET / HTTP/1.1");
            assertAnswered(socket);
            awaitHeldBytes(6);
            assertFalse(server.hasSaidMore());
            send(socket, " HTTP/1.1\r\n\r\n");
            server.expect("19 GET /2 HTTP/1.1");
            assertAnswered(socket);
        }
    }

    @Test
    void aBodyLongerThanARingIsHeldUntilItIsComplete() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        String head = "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
        try (Socket socket = connect()) {
            send(socket, head + "y".repeat(99_999));
            awaitHeldBytes(head.length() + 99_999);
            assertFalse(server.hasSaidMore());
            send(socket, "y");
            server.expect("accepted");
            server.expect(head.length() + 100_000 + " POST / HTTP/1.1");
            assertAnswered(socket);
        }
    }

    @Test
    void pipelinedRequestsAreAllAnswered() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, REQUEST.repeat(20) + "GET /2");
            assertEquals(ANSWER.repeat(20), receive(socket, 20 * ANSWER.length()));
            send(socket, " HTTP/1.1\r\n\r\n" + REQUEST);
            assertEquals(ANSWER.repeat(2), receive(socket, 2 * ANSWER.length()));
        }
    }

    @Test
    void whoExpectsToBeToldToContinueIsNotHeldBehindTheHead() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        String head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        try (Socket socket = connect()) {
            send(socket, head);
            server.expect("accepted");
            server.expect(head.length() + " POST / HTTP/1.1");
        }
    }

    @Test
    void theEndOfTheClientsSendingIsAllThereIsToShow() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, "GET /");
            socket.shutdownOutput();
            server.expect("accepted");
            server.expect("5 GET /");
            server.expect("end");
        }
    }

    @Test
    void whoHasARequestDoesNotWaitBehindThoseWhoHaveLeft() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "in-turn");
        Socket busy = connect();
        Socket visitor = connect();
        send(busy, "GET /wait HTTP/1.1\r\n\r\n");
        server.expect("accepted " + busy.getLocalPort());
        server.expect("22 GET /wait HTTP/1.1");
        List<Socket> leaving = connections(LEAVING);
        for (Socket client : leaving) {
            send(client, "GET /");
        }
        awaitHeldBytes(5 * LEAVING);
        for (Socket client : leaving) {
            client.shutdownOutput();
        }
        RunningGateway.await("the first of them goes on", () -> held() <= LEAVING);
        send(visitor, REQUEST);
        RunningGateway.await("the visitor's request goes on", () -> count(s -> s.gate.requestCount == 1) == 2);
        busy.close();
        int before = 0;
        for (String line; !(line = server.line()).equals("accepted " + visitor.getLocalPort()); ) {
            before += line.startsWith("accepted") ? 1 : 0;
        }
        assertTrue(before < LEAVING / 2, before + " of those who have left come before the visitor");
    }

    @Test
    void aHeldConnectionThatIsResetIsNobodys() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, "GET /");
            awaitHeldBytes(5);
            socket.setSoLinger(true, 0);
        }
        RunningGateway.await("only the listener is left", () -> gateway.relayedSockets() == 1);
        assertFalse(server.hasSaidMore());
    }

    @Test
    void whoIsTooSlowWithAHeadIsReset() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 300), "http");
        try (Socket socket = connect()) {
            send(socket, "GET /");
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
        assertFalse(server.hasSaidMore());
    }

    @Test
    void whenTooManyAreHeldTheSlowestGo() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 16, 60_000), "http");
        Socket quick = connect();
        send(quick, "GET / HTTP/1.1\r\nA: " + "y".repeat(2000));
        awaitHeldBytes(2019);
        connections(40);
        RunningGateway.await("most of the silent ones are gone", () -> held() <= 16);
        send(quick, "\r\n\r\n");
        assertAnswered(quick);
    }

    @Test
    void aSourceThatHoldsTooManyLosesItsOwnSlowestAndNobodyElseDoes() throws IOException {
        HoldRule all = rule(Evidence.HTTP_REQUEST, 0, 100, 60_000);
        serve(new HoldRule(all.evidence(), all.headBytes(), all.bodyBytes(), 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true,
                16, 1 << 20), "http");
        List<Socket> others = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            others.add(connectFrom("127.0.0.2"));
        }
        Socket quick = connect();
        send(quick, "GET / HTTP/1.1\r\nA: " + "y".repeat(2000));
        awaitHeldBytes(2019);
        connections(40);
        RunningGateway.await("most of the first source's are gone", () -> held() <= 26);
        send(quick, "\r\n\r\n");
        assertAnswered(quick);
        for (Socket other : others) {
            send(other, REQUEST);
            assertAnswered(other);
        }
    }

    @Test
    void aSourceThatHoldsTooManyBytesLosesItsSlowest() throws IOException {
        HoldRule all = rule(Evidence.HTTP_REQUEST, 0, 100, 60_000);
        serve(new HoldRule(all.evidence(), all.headBytes(), all.bodyBytes(), 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true,
                100, 20_000), "http");
        Socket other = connectFrom("127.0.0.2");
        send(other, "GET /");
        for (Socket client : connections(5)) {
            send(client, "GET / HTTP/1.1\r\nA: " + "y".repeat(6000));
        }
        RunningGateway.await("most of the first source's are gone", () -> held() <= 4);
        send(other, REQUEST.substring(5));
        assertAnswered(other);
    }

    @Test
    void heldConnectionsEndWithTheirListener() throws IOException {
        serve(rule(Evidence.HTTP_REQUEST, 0, 100, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, "GET /");
            awaitHeldBytes(5);
            server.close();
            assertThrows(SocketException.class, () -> socket.getInputStream().read());
        }
        gateway.awaitEmpty();
    }

    @Test
    void aServerThatSpeaksFirstIsHeardBySilentClients() throws IOException {
        serve(rule(Evidence.AUTO, 1, 100, 60_000), "greet");
        for (Socket client : connections(30)) {
            assertEquals("hello\r\n", receive(client, 7));
        }
    }

    @Test
    void anotherProtocolThanHttpPassesWithItsFirstByte() throws IOException {
        serve(rule(Evidence.AUTO, 0, 100, 60_000), "raw");
        for (int i = 0; i < 3; i++) {
            try (Socket socket = connect()) {
                send(socket, "\1\2");
                assertEquals("\1\2", receive(socket, 2));
            }
        }
    }

    @Test
    void onceAServerHasAnsweredInHttpSilentAndHalfRequestsAreHeld() throws IOException {
        serve(rule(Evidence.AUTO, 1, 100, 60_000), "http");
        try (Socket first = connect(); ) {
            send(first, REQUEST);
            assertAnswered(first);
            server.expect("accepted");
            server.expect(REQUEST.length() + " GET / HTTP/1.1");
            try (Socket silent = connect(); Socket half = connect()) {
                send(half, "GET /");
                awaitHeldBytes(5);
                assertEquals(2, held());
                assertFalse(server.hasSaidMore());
                assertFalse(silent.isClosed());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"~GET / HTTP/1.1\r\nA: ", "ALONGERMETHODTHANANYBODYHAS / HTTP/1.1\r\nA: ", "GET / HTTP/3.0\r\nA: b\r\nC: ", "GET\t/ HTTP/1.1\r\nA: ",
        "GET / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"})
    void headsInWhichAServerMayStillSeeARequestAreHeldUpToTheirEnd(String head) throws IOException {
        serve(rule(Evidence.AUTO, 1, 100, 60_000), "http");
        try (Socket first = connect(); Socket odd = connect(); Socket kept = connect()) {
            for (Socket socket : List.of(first, kept)) {
                send(socket, REQUEST);
                assertAnswered(socket);
                server.expect("accepted");
                server.expect(REQUEST.length() + " GET / HTTP/1.1");
            }
            send(odd, head);
            awaitHeldBytes(head.length());
            send(kept, head);
            awaitHeldBytes(2L * head.length());
            assertFalse(server.hasSaidMore());
            send(odd, "0\r\n\r\n");
            server.expect("accepted");
        }
    }

    @Test
    void aSimpleRequestIsNotHeld() throws IOException {
        serve(rule(Evidence.AUTO, 1, 100, 60_000), "http");
        try (Socket first = connect(); Socket simple = connect()) {
            send(first, REQUEST);
            assertAnswered(first);
            server.expect("accepted");
            server.expect(REQUEST.length() + " GET / HTTP/1.1");
            send(simple, "GET /\r\n");
            server.expect("accepted");
            server.expect("7 GET /");
        }
    }

    // ---- observe mode ----

    /** Nothing is to be done about what is too slow. */
    private static HoldRule observed(int silentMilliseconds, int headMilliseconds) {
        return new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, silentMilliseconds, headMilliseconds, 60_000, 200, 16, 1 << 20, 0, 1 << 20, 256 << 20, true, false);
    }

    private void awaitDecision(String beginning) {
        RunningGateway.await("it is decided: " + beginning, () -> gateway.policies.decisions.stream().anyMatch(d -> d.startsWith(beginning)));
    }

    @Test
    void whatIsOnlyObservedIsNotHeld() throws IOException {
        serve(observed(60_000, 60_000), "raw");
        try (Socket socket = connect()) {
            server.expect("accepted");
            send(socket, "GET /");
            assertEquals("GET /", receive(socket, 5));
        }
    }

    @Test
    void whoIsOnlyObservedToBeSilentIsReportedAndLives() throws IOException {
        serve(observed(200, 60_000), "raw");
        try (Socket socket = connect()) {
            awaitDecision("no byte in ");
            send(socket, "GET /");
            assertEquals("GET /", receive(socket, 5));
        }
    }

    @Test
    void whoIsOnlyObservedToBeTooSlowIsReportedAndLives() throws IOException {
        serve(observed(60_000, 200), "raw");
        try (Socket socket = connect()) {
            send(socket, "GET /");
            awaitDecision("5 B of a request's head in ");
            send(socket, "2");
            assertEquals("GET /2", receive(socket, 6));
        }
    }

    @Test
    void inObserveModeItIsToldWhoIsBeyondABound() throws IOException {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 16, 1 << 20, 0, 1 << 20, 256 << 20, true, false), "raw");
        List<Socket> silent = connections(24);
        awaitDecision("no byte in ");
        for (Socket socket : silent) {
            send(socket, "GET /");
            assertEquals("GET /", receive(socket, 5));
        }
    }

    @Test
    void aConnectionThatIsOnlyObservedMayRestBetweenRequests() throws IOException {
        serve(observed(60_000, 60_000), "http");
        try (Socket socket = connect()) {
            send(socket, REQUEST);
            assertAnswered(socket);
            RunningGateway.await("it has rested for longer than its rule has it", () -> gateway.ask(() -> gateway.loop.sockets().stream()
                    .noneMatch(s -> s.gated && s.phase == RelayedSocket.Phase.CONNECTED && System.nanoTime() - s.gate.idleSince < 600_000_000L)));
            send(socket, REQUEST);
            assertAnswered(socket);
        }
    }
}
