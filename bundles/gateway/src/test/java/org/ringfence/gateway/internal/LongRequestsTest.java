package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** Clients who keep a server's four workers waiting, with responses they do not take and bodies they do not send. */
class LongRequestsTest extends ServedRequests {
    private static final int LONG = 8 << 20;
    /** So many bytes of a response are more than a client of a small buffer and the stack take, by less than what keeps the next request from going on. */
    private static final int UNTAKEN = 120_000;

    private void serve(boolean enforced) {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, 1 << 10, 60_000, 60_000, 60_000, 60_000, 1000, 64 << 20, 0, 1 << 20, 256 << 20, true, enforced), "pool");
    }

    private Socket ask(String request) throws IOException {
        return ask(request, 4096);
    }

    /** Who is to take a long response needs a larger receive buffer. */
    private Socket ask(String request, int receiveBuffer) throws IOException {
        Socket client = connect(receiveBuffer);
        send(client, request + "\r\n\r\n");
        return client;
    }

    private void ask(int times, String request) throws IOException {
        for (int i = 0; i < times; i++) {
            ask(request);
        }
    }

    /** On a busy machine one may have been ended for another before that had its worker. */
    private void awaitAllWorkers() {
        RunningGateway.await("all workers wait", () -> count(s -> s.gate.pins) + gateway.policies.decisions.size() >= 4);
    }

    private boolean isDecided(String text) {
        return gateway.policies.decisions.stream().anyMatch(decision -> decision.contains(text));
    }

    @Test
    void workersThatWaitForClientsWhoTakeNothingAreFreed() throws IOException {
        serve(true);
        ask(4, "GET /long HTTP/1.1");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertTrue(isDecided("B wait for it, and it keeps the application from going on"), gateway.policies.decisions.toString());
    }

    @Test
    void workersThatWaitForBodiesThatDoNotComeAreFreed() throws IOException {
        serve(true);
        ask(4, "POST / HTTP/1.1\r\nContent-Length: 100000");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertTrue(isDecided("sends "), gateway.policies.decisions.toString());
    }

    /** Sends a little of a body again and again, until the connection ends. */
    private static void trickle(Socket socket) {
        Thread sender = new Thread(() -> {
            try {
                while (true) {
                    send(socket, "x".repeat(25));
                    Thread.sleep(200);
                }
            } catch (IOException | InterruptedException e) {
                // it was ended
            }
        });
        sender.setDaemon(true);
        sender.start();
    }

    @Test
    void workersThatWaitForBodiesOfWhichALittleComesAgainAndAgainAreFreed() throws IOException {
        serve(true);
        for (int i = 0; i < 4; i++) {
            trickle(ask("POST /body HTTP/1.1\r\nContent-Length: 1000000000"));
        }
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertTrue(isDecided("of a body"), gateway.policies.decisions.toString());
    }

    @Test
    void aBodyThatDoesNotComeIsSeenWhereSomeOfTheLastResponseIsLeftUntaken() throws IOException {
        serve(true);
        for (int i = 0; i < 4; i++) {
            Socket client = ask("GET /some?=" + UNTAKEN + " HTTP/1.1");
            RunningGateway.await("what is left waits for the client", () -> count(s -> s.peerPort == client.getLocalPort() && s.gate.outWaiting > 0 && s.gate.isIdle()) == 1);
            send(client, "POST /body HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n");
        }
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertTrue(isDecided("of a body"), gateway.policies.decisions.toString());
    }

    @Test
    void whatWasLongInChunksAndIsShortNowDoesNotWait() throws IOException {
        serve(true);
        Socket reader = ask("GET /long-chunked HTTP/1.1", 1 << 16);
        receive(reader, 2 << 20); // more than is taken from the server at once, and then nothing
        RunningGateway.await("it is known", () -> count(s -> s.gate.listening.longRequests.isLong(s.gate.requests().target())) > 0);
        receive(ask("GET /long-chunked?short HTTP/1.1"), 20);
        RunningGateway.await("it is forgotten", () -> count(s -> s.gate.listening.longRequests.isLong(s.gate.requests().target())) == 0);
        receive(reader, LONG - (2 << 20));
    }

    @Test
    void workersThatWaitForTheRestOfWhatLooksLikeAWholeRequestAreFreed() throws IOException {
        serve(true);
        assertAnswered(ask("GET / HTTP/1.1")); // the listener speaks HTTP
        for (int i = 0; i < 4; i++) {
            ask("GET /wait HTTP/1.1\r\nContent-Length: +9"); // some servers read a length there
        }
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertTrue(isDecided("what may be a request"), gateway.policies.decisions.toString());
    }

    @Test
    void whatABodyIsSentToIsNotTakenForALongResponse() throws IOException {
        serve(true);
        ask(4, "POST / HTTP/1.1\r\nContent-Length: 100000");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        assertEquals(0, count(s -> s.gate.listening.longRequests.isLong(s.gate.requests().target())));
    }

    @Test
    void whatWasLongAndIsShortNowDoesNotWait() throws IOException {
        serve(true);
        ask(4, "GET /long-once HTTP/1.1");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        RunningGateway.await("it is known", () -> count(s -> s.gate.listening.longRequests.isLong(s.gate.requests().target())) > 0);
        assertAnswered(ask("GET /long-once?short HTTP/1.1"));
        assertEquals(0, count(s -> s.gate.listening.longRequests.isLong(s.gate.requests().target())));
    }

    @Test
    void furtherLongRequestsWaitForTheirTurn() throws IOException {
        serve(true);
        ask(4, "GET /long HTTP/1.1");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        ask(8, "GET /long?again HTTP/1.1");
        RunningGateway.await("some wait for their turn", () -> count(s -> s.gate.waits) > 0);
        assertAnswered(ask("GET / HTTP/1.1"));
    }

    @Test
    void howFastABodyComesIsMeasuredFromWhereItGoesOn() throws IOException {
        serve(true);
        ask(4, "GET /long HTTP/1.1");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        ask(8, "POST /body HTTP/1.1\r\nContent-Length: 100000");
        RunningGateway.await("some wait for their turn", () -> count(s -> s.gate.waits) > 0);
        List<RelayedSocket> waited = gateway.ask(() -> gateway.loop.sockets().stream().filter(s -> s.gated && s.gate.waits).toList());
        long before = System.nanoTime();
        RunningGateway.await("one of them goes on, and is as new", () -> count(s -> waited.contains(s) && !s.gate.waits && s.gate.streaming
                && s.gate.stageSince - before >= 0 && s.gate.sentFrom > s.gate.messageAt) > 0);
    }

    @Test
    void longRequestsThatNobodyHasAcceptedAreNotInTheWayOfOthers() throws IOException {
        serve(true);
        ask(80, "GET /long HTTP/1.1");
        RunningGateway.await("most wait for their turn, or are gone", () -> count(s -> s.gate.waits) + gateway.policies.decisions.size() > 40);
        assertAnswered(ask("GET / HTTP/1.1"));
    }

    @Test
    void aLongRequestThatWaitsHasItsTurnAfterThoseWhoTakeNothing() throws IOException {
        serve(true);
        ask(4, "GET /long HTTP/1.1");
        awaitAllWorkers();
        assertAnswered(ask("GET / HTTP/1.1"));
        ask(3, "GET /long HTTP/1.1");
        RunningGateway.await("some wait for their turn", () -> count(s -> s.gate.waits) > 0);
        Socket reader = ask("GET /long HTTP/1.1", 1 << 20);
        reader.setSoTimeout(60_000);
        assertEquals(LONG, reader.getInputStream().readNBytes(LONG).length);
    }

    @Test
    void aLongResponseThatIsTakenIsNotCutShort() throws Exception {
        serve(true);
        Socket reader = ask("GET /long HTTP/1.1", 1 << 20);
        java.util.concurrent.Future<Integer> length = java.util.concurrent.CompletableFuture.supplyAsync(() -> {
            try {
                return reader.getInputStream().readNBytes(LONG).length;
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        for (int i = 0; i < 8; i++) {
            assertAnswered(ask("GET / HTTP/1.1"));
        }
        assertEquals(LONG, length.get());
        assertEquals(List.of(), gateway.policies.decisions);
    }

    /** Takes a few thousand bytes a second, as on a bad line. */
    private Thread readSlowly(Socket socket) {
        Thread reader = new Thread(() -> {
            try {
                while (socket.getInputStream().readNBytes(1000).length > 0) {
                    Thread.sleep(250);
                }
            } catch (IOException | InterruptedException e) {
                // its port is looked for among the sockets
            }
        });
        reader.setDaemon(true);
        reader.start();
        return reader;
    }

    private boolean isThere(Socket client) {
        return count(s -> s.peerPort == client.getLocalPort()) > 0;
    }

    @Test
    void aSlowReaderStaysWhileSomebodyIsLeftWhoTakesNothing() throws IOException {
        serve(true);
        Socket slow = ask("GET /long HTTP/1.1");
        readSlowly(slow);
        RunningGateway.await("it is known how fast the slow one is", () -> count(s -> s.gate.pins && s.gate.ackRate > 1024) > 0);
        for (int wave = 1; wave <= 4; wave++) {
            ask(3, "GET /long-" + wave + " HTTP/1.1"); // nothing is known of these for a while
            RunningGateway.await("all workers wait", () -> count(s -> s.gate.pins) == 4 || !isThere(slow));
            assertAnswered(ask("GET / HTTP/1.1"));
            assertTrue(isThere(slow), "wave " + wave + ": " + gateway.policies.decisions);
        }
        assertTrue(gateway.policies.decisions.size() >= 4, gateway.policies.decisions.toString());
    }

    @Test
    void inObserveModeItIsToldOnceWhoWouldHaveGone() throws IOException {
        serve(false);
        Socket first = ask("GET /long HTTP/1.1", 1 << 16);
        ask(3, "GET /long HTTP/1.1");
        awaitAllWorkers();
        Socket waiting = ask("GET / HTTP/1.1");
        RunningGateway.await("it is told", () -> isDecided("B wait for it, and it keeps the application from going on"));
        assertEquals(LONG, first.getInputStream().readNBytes(LONG).length);
        first.close();
        assertAnswered(waiting);
        assertTrue(gateway.policies.decisions.size() <= 4, gateway.policies.decisions.toString());
    }
}
