package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** A server with one worker that does not keep up: what it has is taken back from it between two requests, and when that is pressure. */
class ReparkingTest extends ServedRequests {
    /** A sweep goes for who has waited for so long; and what idles for so long may be taken back. */
    private static final long SWEEP_NANOSECONDS = 100_000_000;
    private static final long IDLE_NANOSECONDS = 20_000_000;
    private static final String REQUEST = "GET / HTTP/1.1\r\n\r\n";

    private void serve(boolean enforced, String how) {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, enforced), how);
    }

    private void await(String what, Predicate<Listening> condition) {
        RunningGateway.await(what, () -> count(s -> condition.test(s.gate.listening)) > 0);
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
            assertAnswered(first);
            assertEquals(-1, first.getInputStream().read());
            send(waiting, REQUEST);
            assertAnswered(waiting);
        }
    }

    @Test
    void clientsKeepTheirConnectionsWhileTheApplicationDoesNotKeepUp() throws Exception {
        serve(true, "in-turn");
        List<Socket> clients = connections(8);
        int length = "HTTP/1.1 200 OK\r\nContent-Length: 524288\r\n\r\n".length() + (512 << 10);
        ExecutorService readers = Executors.newFixedThreadPool(clients.size()); // who takes nothing while others wait would see an end
        try {
            for (int round = 0; round < 25; round++) {
                List<Future<Integer>> lengths = new ArrayList<>();
                for (Socket client : clients) {
                    send(client, "GET /page HTTP/1.1\r\n\r\n"); // its last bytes lie in the ring when it is complete
                    lengths.add(readers.submit(() -> client.getInputStream().readNBytes(length).length));
                }
                for (Future<Integer> each : lengths) {
                    assertEquals(length, each.get(), "round " + round);
                }
            }
        } finally {
            readers.shutdownNow();
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
            assertAnswered(kept);
            send(second, REQUEST); // nobody is there to accept it, until the first is taken back
            server.expect("end");
            expectRequest(second, REQUEST.length(), "GET /");
            assertAnswered(second);
            send(kept, "GET /2");
            awaitHeldBytes(6);
            send(third, REQUEST); // half a request on the one that was taken back is not in its way
            server.expect("end");
            expectRequest(third, REQUEST.length(), "GET /");
            assertAnswered(third);
            send(kept, " HTTP/1.1\r\n\r\n");
            server.expect("end");
            expectRequest(kept, 19, "GET /2");
            assertAnswered(kept);
        }
    }

    @Test
    void whatWaitedForMoreIsSentWhenItsConnectionIsTakenBack() throws IOException {
        serve(true, "in-turn");
        long shortest = Long.MAX_VALUE;
        for (int round = 0; round < 10 && shortest > SWEEP_NANOSECONDS; round++) { // a machine that is busy is late
            try (Socket kept = connect(); Socket waiting = connect()) {
                long sent = System.nanoTime();
                send(kept, "GET /corked-away HTTP/1.1\r\n\r\n");
                RunningGateway.await("the listener is known", () -> count(s -> s.gate.offered) > 0);
                count(s -> (s.gate.listening.capacity = 1) > 0);
                send(waiting, REQUEST);
                assertAnswered(waiting);
                assertAnswered(kept);
                shortest = Math.min(shortest, System.nanoTime() - sent); // whoever waits for the stack has it after twice as long
            }
        }
        assertTrue(shortest < SWEEP_NANOSECONDS, shortest / 1_000_000 + " ms after the request");
    }

    /** The shortest time until {@code waiting} connections are answered that come while another one idles at the only worker, with a known capacity. */
    private long answeredAfter(int waiting, int capacity, int rounds) throws IOException {
        long shortest = Long.MAX_VALUE;
        for (int round = 0; round < rounds && shortest > SWEEP_NANOSECONDS; round++) { // a machine that is busy is late
            serve(true, "in-turn");
            Socket kept = connect();
            send(kept, REQUEST);
            assertAnswered(kept);
            RunningGateway.await("nothing was wanted of the worker for a while", () -> count(s -> s.gate.offered && idleFor(s.gate) > IDLE_NANOSECONDS) == 1);
            count(s -> (s.gate.listening.capacity = capacity) > 0);
            long sent = System.nanoTime();
            List<Socket> others = connections(waiting);
            for (Socket other : others) {
                send(other, REQUEST);
            }
            assertAnswered(others.get(0));
            shortest = Math.min(shortest, System.nanoTime() - sent);
            kept.close();
            for (Socket other : others) {
                other.close();
            }
            server.close();
        }
        return shortest;
    }

    @Test
    void whoWaitsForAWorkerThatIsIdleWaitsForLessThanASweepTakesToFindOut() throws IOException {
        long shortest = answeredAfter(1, 1, 10);
        assertTrue(shortest < SWEEP_NANOSECONDS, shortest + " ns");
    }

    @Test
    void whoAreMoreThanAnApplicationEverHadDoNotWaitForASweepEither() throws IOException {
        long shortest = answeredAfter(2, 2, 10);
        assertTrue(shortest < SWEEP_NANOSECONDS, shortest + " ns");
    }

    @Test
    void whoMayWaitForAFreeWorkerTakesNothingBackBeforeASweep() throws IOException {
        long shortest = answeredAfter(1, 2, 3);
        assertTrue(shortest >= SWEEP_NANOSECONDS, shortest + " ns");
    }

    @Test
    void whoWaitsForEverDoesNotKeepOthersInTheLineBehindHim() throws IOException {
        serve(true, "deaf");
        Socket never = connect();
        send(never, REQUEST);
        server.expect("accepted");
        for (int i = 0; i < 200; i++) { // more than a line has room for at first
            try (Socket other = connect()) {
                send(other, REQUEST);
                assertAnswered(other);
            }
        }
        await("he alone is in it", listening -> listening.line.size() == 1 && listening.unread() == 1);
    }

    private static long idleFor(Gate gate) {
        return gate.isIdle() ? System.nanoTime() - gate.idleSince : 0;
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
    void aConnectionThatTheServerEndsBecauseItsClientAskedForThatIsNotTakenBack() throws IOException {
        serve(true, "in-turn");
        try (Socket last = connect(); Socket waiting = connect()) {
            send(last, "GET /late HTTP/1.1\r\nConnection: close\r\n\r\n"); // the response does not say it
            server.expect("accepted " + last.getLocalPort());
            send(waiting, REQUEST);
            assertAnswered(last);
            assertEquals(-1, last.getInputStream().read());
            server.expect("41 GET /late HTTP/1.1");
            server.expect("closed");
            expectRequest(waiting, REQUEST.length(), "GET /");
            assertAnswered(waiting);
        }
    }

    @Test
    void aConnectionThatIsOnlyObservedIsNotTakenBack() throws IOException {
        serve(false, "in-turn");
        try (Socket kept = connect(); Socket waiting = connect()) {
            send(kept, REQUEST);
            assertAnswered(kept);
            send(waiting, REQUEST);
            awaitPressure();
            send(kept, REQUEST);
            assertAnswered(kept);
            kept.close();
            assertAnswered(waiting);
        }
    }
}
