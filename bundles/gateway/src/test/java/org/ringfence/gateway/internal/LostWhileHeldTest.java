package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** Connections that are held, and of which the application knows nothing, when their INS ends or an administrator resets them. */
class LostWhileHeldTest extends ServedRequests {
    private void serve(String how, int bodyBytes) {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, bodyBytes, 60_000, 60_000, 60_000, 60_000, 1000, 64 << 20, 0, 1 << 20, 256 << 20, true, true), how);
    }

    private void awaitOnlyTheListener() {
        RunningGateway.await("only the listener is left", () -> gateway.relayedSockets() == 1);
    }

    private void holdSome() throws IOException {
        for (Socket client : connections(10)) {
            send(client, "GET / HT");
        }
        awaitHeldBytes(80);
    }

    @Test
    void ofThoseOfAKilledInsNothingIsLeft() throws IOException {
        serve("http", 1 << 10);
        holdSome();
        gateway.loseIns();
        awaitOnlyTheListener();
        server.kill();
        gateway.awaitEmpty();
    }

    @Test
    void ofThoseThatAnAdministratorResetsNothingIsLeft() throws IOException {
        serve("http", 1 << 10);
        holdSome();
        Reports reports = new Reports(gateway.loop, null);
        reports.connections().stream().filter(c -> c.state().equals("open")).forEach(c -> reports.reset(c.id()));
        awaitOnlyTheListener();
        RunningGateway.await("their slots of the INS are free", () -> gateway.insSlots() == 1);
        server.kill();
        gateway.awaitEmpty();
    }

    @Test
    void whoWaitedForItsTurnAtAKilledInsHasNone() throws IOException {
        serve("pool", 1 << 10);
        for (int i = 0; i < 4; i++) {
            send(connect(4096), "GET /long HTTP/1.1\r\n\r\n");
        }
        RunningGateway.await("all workers wait", () -> count(s -> s.gate.pins) + gateway.policies.decisions.size() >= 4);
        Socket visitor = connect();
        send(visitor, "GET / HTTP/1.1\r\n\r\n");
        assertAnswered(visitor);
        for (int i = 0; i < 8; i++) {
            send(connect(4096), "GET /long?again HTTP/1.1\r\n\r\n");
        }
        RunningGateway.await("some wait for their turn", () -> count(s -> s.gate.waits) > 0);
        gateway.loseIns();
        awaitSweeps();
        gateway.startIns();
        awaitSweeps();
        assertEquals(0, count(s -> s.gate.waits));
    }

    /** Until those who might have their turn would have had it. */
    private void awaitSweeps() {
        long before = gateway.ask(() -> gateway.loop.sweeps());
        RunningGateway.await("sweeps have passed", () -> gateway.ask(() -> gateway.loop.sweeps()) > before + 5);
    }
}
