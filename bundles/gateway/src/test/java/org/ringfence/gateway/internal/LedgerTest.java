package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.Verdict;

/** What the policies learn of datagram sockets, whose peers are judged again and again. */
class LedgerTest {
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final int REFUSED = 99;
    /** Connections that were let in and have not ended, by number: the last byte of the peer's address. */
    private final Map<Long, Integer> open = new HashMap<>();
    private final Set<Long> ids = new HashSet<>();
    private final PolicyChain chain = (PolicyChain) Proxy.newProxyInstance(PolicyChain.class.getClassLoader(), new Class<?>[] {PolicyChain.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "admit" -> admit((Connection) arguments[0]);
                case "closed" -> {
                    Connection connection = (Connection) arguments[0];
                    assertEquals(last(connection), open.remove(connection.id()), "the end of one that never was");
                    yield null;
                }
                default -> "test";
            });
    private final IdlePeers peers = new IdlePeers();
    private final Ledger ledger = new Ledger(peers.table, new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return null;
        }

        @Override
        public PolicyChain policies() {
            return chain;
        }
    }, peers.stages);
    private final RelayedSocket socket = datagrams();

    private RelayedSocket datagrams() {
        RelayedSocket row = peers.table.take();
        row.begin(peers.application, 3, peers.ins, 5, AF_INET, SOCK_DGRAM, 0);
        return row;
    }

    private Verdict admit(Connection connection) {
        assertTrue(ids.add(connection.id()), "two were judged as number " + connection.id());
        if (last(connection) == REFUSED) {
            return Verdict.REFUSE;
        }
        open.put(connection.id(), last(connection));
        return Verdict.ALLOW;
    }

    private static int last(Connection connection) {
        return connection.peerAddress()[3];
    }

    private static byte[] address(int last) {
        return new byte[] {AF_INET, 0, 0, 53, (byte) 192, 0, 2, (byte) last, 0, 0, 0, 0, 0, 0, 0, 0};
    }

    private Verdict datagramOf(int last) {
        return ledger.admitDatagrams(socket, true, address(last), address(last).length);
    }

    @Test
    void aPeerThatIsJudgedAgainAndAgainIsOneConnection() {
        datagramOf(7);
        long id = socket.id;
        for (int i = 0; i < 1000; i++) {
            assertEquals(Verdict.ALLOW, datagramOf(7));
            assertEquals(1, open.size());
            assertEquals(id, socket.id);
        }
        ledger.ended(socket);
        assertTrue(open.isEmpty(), "open: " + open);
    }

    @Test
    void ofPeersThatTakeTurnsTheLastOneIsThere() {
        for (int i = 0; i < 100; i++) {
            datagramOf(i % 2);
            assertEquals(Set.of(i % 2), Set.copyOf(open.values()));
        }
        ledger.ended(socket);
        assertTrue(open.isEmpty(), "open: " + open);
    }

    @Test
    void aPeerThatIsRefusedNeitherEndsNorRemains() {
        datagramOf(7);
        assertEquals(Verdict.REFUSE, datagramOf(REFUSED));
        assertTrue(open.isEmpty(), "open: " + open);
        assertEquals(Verdict.ALLOW, datagramOf(7));
        ledger.ended(socket);
        assertTrue(open.isEmpty(), "open: " + open);
    }

    @Test
    void theNextConnectionHasANumberOfItsOwn() {
        datagramOf(7);
        datagramOf(8);
        RelayedSocket next = peers.opening();
        ledger.admit(next, true, address(9), 0, address(9).length, 80);
        assertFalse(socket.id == next.id);
        ledger.ended(next);
        ledger.ended(socket);
        assertTrue(open.isEmpty(), "open: " + open);
    }
}
