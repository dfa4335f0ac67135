package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;

/** What policies want of connections that go on. */
class RestraintTest extends ServedRequests {
    private static final int SHRUNK = 2 * (16 << 10); // socket(7): the kernel doubles what it is told
    private static final int FIELDS = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n".length();

    private void serve() {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true), "http");
    }

    /** Sizes of the stack's buffers for what is sent and received, as the server is told. */
    private static int[] buffers(Socket client) {
        try {
            send(client, "GET /buffers HTTP/1.1\r\n\r\n");
            String[] sizes = receive(client, FIELDS + 21).substring(FIELDS).split(" ");
            return new int[] {Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1])};
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aConnectionThatIsShrunkHasLittleRoomInTheStackUntilNothingIsFoundForAWhile() throws IOException {
        serve();
        Socket client = connect();
        assertTrue(buffers(client)[0] > SHRUNK);
        gateway.policies.ofConnections = Measure.SHRINK;
        RunningGateway.await("both buffers are small", () -> buffers(client)[0] == SHRUNK && buffers(client)[1] == SHRUNK);
        gateway.policies.ofConnections = null;
        RunningGateway.await("it has room again", () -> buffers(client)[0] > SHRUNK && buffers(client)[1] > SHRUNK);
    }

    @Test
    void aRequestCanHaveItsConnectionSlowedDown() throws IOException {
        serve();
        Socket client = connect();
        gateway.policies.ofRequests = Measure.THROTTLE;
        send(client, "GET / HTTP/1.1\r\n\r\n");
        assertAnswered(client);
        assertEquals(1, count(s -> s.gate.throttledUntil != 0));
    }

    private static List<String> growthAfterASwap(boolean shrunk) {
        IdlePeers peers = new IdlePeers();
        RelayedSocket socket = peers.connected();
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, new Listening(socket), System.nanoTime());
        socket.gated = true;
        socket.gate.shrunk = shrunk;
        peers.asked.clear();
        socket.resume();
        return peers.asked.stream().filter(asked -> asked.contains("mayGrow")).toList();
    }

    @Test
    void theRingsOfAShrunkConnectionDoNotGrowWhenAnotherTransportHasTakenOver() {
        assertEquals(List.of("IN mayGrow false", "OUT mayGrow false"), growthAfterASwap(true));
        assertEquals(List.of(), growthAfterASwap(false));
    }
}
