package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Stage;
import org.ringfence.gateway.internal.Gate.Watch;

/** Bodies too long to be held, while an application has as many as it may. */
class LongBodiesTest {
    private static final byte[] HEAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    private static final HoldRule RULE =
            new HoldRule(Evidence.HTTP_REQUEST, 65536, 1 << 10, 60_000, 60_000, 60_000, 60_000, 1000, 64 << 20, 0, 1 << 20, 256 << 20, true, true);

    private final IdlePeers peers = new IdlePeers();
    private final Gatekeeper gatekeeper = new Gatekeeper(IdlePeers.NO_SERVICES, null, null);
    private final Requests requests = new Requests(gatekeeper, IdlePeers.NO_SERVICES, null);
    private final Listening listening = new Listening(peers.opening());
    private final RelayedSocket socket = peers.connected();
    private final Gate gate = socket.gate = new Gate(new HttpReaders());

    @BeforeEach
    void theApplicationHasAllThatItMay() {
        gatekeeper.beginTurn();
        listening.longRequests.allTaken(2, gatekeeper.now());
        listening.longRequests.goesOn();
        gate.begin(RULE, listening, gatekeeper.now());
        gate.watch = Watch.HTTP;
        gate.enter(Stage.HEAD, gatekeeper.now());
        socket.gated = true;
    }

    private void headIsRead() {
        requests.read(socket, gate, gate.requests().read(HEAD, 0, HEAD.length));
    }

    @Test
    void aNewConnectionWaitsForItsTurn() {
        headIsRead();
        assertTrue(gate.waits);
    }

    @Test
    void oneThatWasAnsweredBeforeWaitsForItsTurnAndIsTakenBack() {
        gate.offered = true;
        gate.answered = true;
        headIsRead();
        assertTrue(gate.waits);
        assertTrue(gate.isIdle(), "what the application has is no part of the request");
        assertSame(socket, gatekeeper.takeRelieved());
    }

    @Test
    void oneWhoseLastResponseIsOnItsWayGoesOn() {
        gate.offered = true;
        gate.answered = true;
        gate.outstanding = 1;
        headIsRead();
        assertFalse(gate.waits);
        assertNull(gatekeeper.takeRelieved());
    }
}
