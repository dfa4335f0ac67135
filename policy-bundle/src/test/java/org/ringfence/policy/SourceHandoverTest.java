package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.TrialConnection;

/** What a ledger of sources knows passes to the next version of it. */
class SourceHandoverTest {
    private static final byte[] PROXY = {10, 0, 0, 2};
    private static final byte[] OTHER = {10, 0, 0, 3};

    private final OneShelf shelf = new OneShelf();
    private final SourceLedger former = ledger(Map.of());

    private static SourceLedger.Configuration settings(Map<String, Object> values) {
        Map<String, Object> all = new HashMap<>(values);
        all.putIfAbsent("sources", 1024);
        return Settings.of(SourceLedger.Configuration.class, all);
    }

    private SourceLedger ledger(Map<String, Object> values) {
        return new SourceLedger(shelf, settings(values));
    }

    private static Peer peer(long id) {
        return new Peer(id, PROXY);
    }

    private static void admit(SourceLedger ledger, long from, long to) {
        for (long id = from; id <= to; id++) {
            ledger.admit(peer(id));
        }
    }

    private static void close(SourceLedger ledger, long from, long to) {
        for (long id = from; id <= to; id++) {
            ledger.closed(peer(id));
        }
    }

    private static int open(SourceLedger ledger) {
        return ledger.open(peer(1));
    }

    @Test
    void theNextVersionKnowsHowManyConnectionsASourceHas() {
        admit(former, 1, 1000);
        SourceLedger next = ledger(Map.of());
        former.end();
        admit(next, 1001, 2000);
        close(next, 1, 1000);
        assertEquals(1000, open(next));
        close(next, 1001, 2000);
        assertEquals(0, open(next));
    }

    @Test
    void whatComesAndGoesBetweenTheTwoIsCounted() {
        admit(former, 1, 10);
        SourceLedger next = ledger(Map.of());
        admit(former, 11, 20);
        close(former, 1, 5);
        former.admit(new Peer(21, OTHER));
        next.admit(TrialConnection.INSTANCE);
        admit(next, 22, 22);
        close(next, 11, 20); // the former one has not told of them
        next.closed(new Peer(21, OTHER));
        former.end();
        assertEquals(6, open(next));
        assertEquals(0, next.open(new Peer(21, OTHER)));
        close(next, 6, 10);
        close(next, 22, 22);
        assertEquals(0, open(next));
        next.admit(new Peer(23, OTHER));
        assertEquals(1, next.open(new Peer(23, OTHER)));
    }

    @Test
    void aNextVersionThatFailsGivesBackWhatItCounted() {
        admit(former, 1, 10);
        SourceLedger next = ledger(Map.of());
        admit(next, 11, 20);
        close(next, 1, 2);
        next.end();
        assertEquals(18, open(former));
        close(former, 3, 20);
        assertEquals(0, open(former));
    }

    @Test
    void endsOfConnectionsThatALedgerNeverKnewAreNotTakenOffThoseItKnows() {
        SourceLedger alone = new SourceLedger(settings(Map.of()));
        admit(alone, 9000, 9999);
        close(alone, 1, 1000);
        assertEquals(1000, open(alone));
        close(alone, 9000, 9999);
        assertEquals(0, open(alone));
    }

    @Test
    void whereNobodyCountedForAWhileCountsBeginAnewAndPenaltiesDoNot() {
        admit(former, 1, 10);
        former.penalize(peer(1));
        former.end();
        SourceLedger next = ledger(Map.of()); // some may have ended meanwhile
        assertEquals(0, open(next));
        close(next, 1, 10);
        admit(next, 11, 12);
        close(next, 1, 10);
        assertEquals(2, open(next));
        assertEquals(2, next.penalize(peer(1)), 0.1);
    }

    @Test
    void ratesPassToTheNextVersion() {
        for (int i = 0; i < 1000; i++) {
            former.request(peer(1), null);
        }
        admit(former, 1, 100);
        SourceLedger next = ledger(Map.of());
        // Rates fade while the test runs: by half in some seconds.
        assertEquals(1, next.requestRate(peer(1)) / former.requestRate(peer(1)), 0.1);
        assertEquals(1, next.connectionRate(peer(1)) / former.connectionRate(peer(1)), 0.1);
        assertTrue(next.requestRate(peer(1)) > 20, "some have come");
    }

    @Test
    void whatIsNormalPassesToTheNextVersionThoughItBeginsInAnAttack() {
        former.normal("requests").learn(0, 0, 0);
        for (int second = 1; second <= 24 * 3600; second++) {
            former.normal("requests").learn(1900, 500, second * 1_000_000_000L);
        }
        SourceLedger next = ledger(Map.of());
        Requests requests = new Requests(next, Settings.of(Requests.Configuration.class, Map.of()));
        Peer proxy = peer(1);
        proxy.listener = Peer.listener(() -> 2);
        proxy.requests = 5;
        for (int i = 0; i < 20_000; i++) {
            next.request(proxy, null);
        }
        assertNull(requests.inspect(proxy));
        for (int i = 0; i < 60_000; i++) {
            next.request(proxy, null);
        }
        assertEquals(Measure.THROTTLE, requests.inspect(proxy).measure());
    }

    @Test
    void anotherSizeKeepsWhatIsKnown() {
        admit(former, 1, 10);
        former.penalize(peer(1));
        former.configure(settings(Map.of("sources", 4096)));
        assertEquals(10, open(former));
        close(former, 1, 4);
        assertEquals(6, open(former));
        assertEquals(2, former.penalize(peer(1)), 0.1);
    }

    @Test
    void withOtherPrefixesCountsBeginAnew() {
        admit(former, 1, 10);
        former.configure(settings(Map.of("ipv4Bits", 24)));
        assertEquals(0, open(former));
        admit(former, 11, 12);
        close(former, 1, 10);
        assertEquals(2, open(former));
        SourceLedger next = ledger(Map.of("ipv4Bits", 32));
        assertEquals(0, open(next));
        assertTrue(next.table().size() < 2, "a prefix of other bits is no source");
    }
}
