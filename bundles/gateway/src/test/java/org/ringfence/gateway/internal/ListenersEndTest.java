package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** An application ends, and all its listeners with it. */
class ListenersEndTest extends ServedRequests {
    private static final int MANY = 16_384;

    private static <T> T many(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Class<?> returned = method.getReturnType();
            return returned == int.class ? (Object) MANY : returned == String.class ? "many" : null;
        }));
    }

    @Test
    void anApplicationWithManyListenersEndsInAMomentHoweverManyRowsThereAre() {
        IdlePeers peers = new IdlePeers();
        SocketTable table = new SocketTable(many(TransportSession.class));
        ApplicationLink application = new ApplicationLink(many(ApplicationRegion.class));
        Sweep sweep = new Sweep(IdlePeers.NO_SERVICES, table, null, null, null, null, null);
        List<Listening> listeners = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            RelayedSocket socket = table.take();
            socket.begin(application, i, peers.ins, 0, 2, 1, 0);
            socket.phase = Phase.LISTENING;
            sweep.listens(socket);
            listeners.add(socket.listening);
        }
        assertTimeout(Duration.ofSeconds(2), () -> sweep.listenersEnd(application));
        assertTrue(listeners.stream().allMatch(listening -> listening.closed));
    }

    @Test
    void whoIsHeldForAnApplicationThatEndsIsReset() throws IOException {
        serve(new HoldRule(Evidence.HTTP_REQUEST, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true), "http");
        Socket client = connect();
        send(client, "GET / HT");
        RunningGateway.await("it is held", () -> count(RelayedSocket::isHeld) == 1);
        server.kill();
        gateway.awaitEmpty();
        assertEquals(0, gateway.relayedSockets());
    }
}
