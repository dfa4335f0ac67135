package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Stage;
import org.ringfence.gateway.internal.Listening.Kind;

/** Requests by which somebody who has read the gateway's code would get past it, or stop it. */
class SuspectRequestsTest extends ServedRequests {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private void serve(String how) {
        serve(new HoldRule(Evidence.AUTO, 65536, 262_144, 60_000, 60_000, 60_000, 60_000, 1000, 64 << 20, 4, 1 << 20, 256 << 20, true, true), how);
    }

    private void visit() throws IOException {
        Socket visitor = connect();
        send(visitor, REQUEST);
        assertAnswered(visitor);
    }

    private Kind kind() {
        return gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.listening != null).findFirst().orElseThrow().listening.kind);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffffffffffffffec", "ffffffff80000000", "800000000000000", "10000000000000000"})
    void aChunkOfAnImpossibleSizeHarmsNobodyElse(String size) throws IOException {
        serve("http");
        visit();
        Socket attacker = connect();
        send(attacker, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n" + size + "\r\nX");
        visit();
        visit();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u0016\u0000", "\u0016\u0003\u0001\u0000\u0000", "\u0016\u0003\u0001\u0000\u0004\u0002"})
    void whatOnlyBeginsLikeTlsIsHeldWhereHttpIsSpoken(String begin) throws IOException {
        serve("http");
        visit();
        Socket attacker = connect();
        send(attacker, begin);
        awaitHeldBytes(begin.length());
        visit();
        assertEquals(1, count(s -> s.isHeld() && s.heldBytes() == begin.length()));
    }

    @Test
    void whatAServerAnswersToALineOfHttp09SaysNothingOfIt() throws IOException {
        serve("raw");
        Socket client = connect();
        send(client, "GET /\r\n");
        assertEquals("GET /\r\n", receive(client, 7));
        assertEquals(Kind.UNKNOWN, kind());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /a?HTTP/1.1\r\n\r\n", "GET /HTTP/1.1\r\n\r\n", REQUEST})
    void anAnswerThatIsNotHttpSaysNothingOfAServerThatWasAskedInWhatMayBeHttp(String request) throws IOException {
        serve("raw");
        Socket client = connect();
        send(client, request);
        assertEquals(request, receive(client, request.length()));
        assertEquals(Kind.UNKNOWN, kind());
    }

    @Test
    void whatWasHeldIsInDoubtWhereAListenerIsTakenForAnotherKind() throws IOException {
        serve("http");
        for (int i = 0; i < 7; i++) {
            send(connect(), "GET /wait HTTP/1.1\r\nX: ");
        }
        RunningGateway.await("all but those that try are held", () -> count(s -> s.isHeld() && s.heldBytes() > 0) == 3);
        Socket odd = connect();
        send(odd, "ODD x y\r\n");
        assertEquals("odd\r\n", receive(odd, 5));
        RunningGateway.await("they pass", () -> count(s -> s.isHeld()) == 0);
        assertTrue(count(s -> s.gate.doubtful) >= 3);
    }

    @Test
    void aRequestThatIsAnsweredBeforeItsBodyIsOverLeavesAnIdleConnection() throws IOException {
        serve("http");
        Socket client = connect();
        send(client, "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
        assertAnswered(client);
        send(client, "x");
        RunningGateway.await("it is idle", () -> count(s -> s.gate.isIdle() && s.gate.stage == Stage.IDLE) == 1);
    }

    @Test
    void aListenerThatWasTakenForAnotherKindIsFoundToSpeakHttp() throws IOException {
        serve("http");
        Socket client = connect();
        send(client, "ODD x y\r\n");
        assertEquals("odd\r\n", receive(client, 5));
        assertEquals(Kind.OTHER, kind());
        visit();
        assertEquals(Kind.HTTP, kind());
    }

    @Test
    void aListenerThatSpeaksBothIsGivenWhatIsNoRequest() throws IOException {
        serve("http");
        Socket first = connect();
        send(first, "ODD x y\r\n");
        receive(first, 5);
        visit();
        assertEquals(Kind.HTTP, kind());
        Socket client = connect();
        send(client, "ODD x y\r\n");
        assertEquals("odd\r\n", receive(client, 5));
    }

    @Test
    void aRequestBehindOneThatIsInDoubtWaitsForItsAnswer() throws IOException {
        serve("http");
        visit();
        Socket client = connect();
        send(client, REQUEST);
        assertAnswered(client);
        send(client, "GET /wait HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + REQUEST);
        RunningGateway.await("it waits", () -> count(s -> s.gate.doubtful && s.gate.outstanding == 1 && s.gate.deferred) == 1);
    }

    @Test
    void whoMakesAServerRepeatHttpDoesNotMakeItSpeakIt() throws IOException {
        serve("raw");
        Socket client = connect();
        send(client, "ODD x y\r\n");
        receive(client, 9);
        assertEquals(Kind.OTHER, kind());
        for (String text : new String[] {"HTTP/1.1 200 OK\r\n\r\n", REQUEST}) {
            Socket echoed = connect();
            send(echoed, text);
            assertEquals(text, receive(echoed, text.length()));
        }
        assertEquals(Kind.OTHER, kind());
    }

    @Test
    void manyPipelinedRequestsLeaveAConnectionThatIsKnownToBeIdle() throws IOException {
        serve("http");
        Socket client = connect();
        send(client, REQUEST);
        assertAnswered(client);
        send(client, REQUEST.repeat(200));
        assertEquals(ANSWER.repeat(200), receive(client, 200 * ANSWER.length()));
        RunningGateway.await("it is idle", () -> count(s -> s.gate.isIdle()) == 1);
    }

    @Test
    void requestsBehindOneWithAMethodThatNobodyKnowsAreFollowedAgain() throws IOException {
        serve("http");
        visit();
        Socket client = connect();
        send(client, "A".repeat(30) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertAnswered(client);
        send(client, REQUEST);
        assertAnswered(client);
        RunningGateway.await("it is known to be idle, as the visitor's is", () -> count(s -> s.gate.isIdle() && s.gate.requestCount == 1) == 2);
        send(client, "GET / HTT");
        RunningGateway.await("half a request is held", () -> count(s -> s.gate.stage == Stage.HEAD && s.gate.complete < s.gate.parsed) == 1);
        send(client, "P/1.1\r\n\r\n");
        assertAnswered(client);
    }

    @Test
    void workersThatWaitForTheRestOfAHeadTooLongToBeHeldAreFreed() throws IOException {
        serve("pool");
        visit();
        for (int i = 0; i < 4; i++) {
            Socket attacker = connect();
            send(attacker, "GET /wait HTTP/1.1\r\nX: " + "x".repeat(70_000));
        }
        RunningGateway.await("all workers wait", () -> count(s -> s.gate.read && s.gate.stage == Stage.HEAD) + gateway.policies.decisions.size() >= 4);
        visit();
        assertTrue(gateway.policies.decisions.stream().anyMatch(decision -> decision.contains("of what may be a request")), gateway.policies.decisions.toString());
    }

    @Test
    void whatComesBehindARequestThatIsNotUnderstoodIsInDoubtAgain() throws IOException {
        serve("pool");
        visit();
        for (int i = 0; i < 4; i++) {
            Socket attacker = connect();
            send(attacker, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 0\r\n\r\n");
            assertEquals("HTTP/1.1", receive(attacker, 8));
            send(attacker, "GET /wait HTTP/1.1\r\nX: ");
        }
        visit();
        assertTrue(gateway.policies.decisions.stream().anyMatch(decision -> decision.contains("of what may be a request")), gateway.policies.decisions.toString());
    }
}
