package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Stage;

/** What is told of, how often, and what a source earns by it. */
class PenaltiesTest {
    private static final long SECOND = 1_000_000_000;
    private static final byte[] PROXY = {10, 0, 0, 1};
    private static final byte[] OTHER = {(byte) 203, 0, 113, 9};

    private final SourceLedger sources = new SourceLedger(Settings.of(SourceLedger.Configuration.class, Map.of("sources", 1024)));
    private int pressure;
    private final Listener listener = Peer.listener(() -> pressure);

    private static Map<String, Object> hardBlocks() {
        return new HashMap<>(Map.of("hard", MeasureChoice.block));
    }

    private final Policy slowHeaders = new SlowHeaders(sources, Settings.of(SlowHeaders.Configuration.class, hardBlocks()));

    private Peer peer(long id, byte[] source) {
        Peer peer = new Peer(id, source);
        peer.listener = listener;
        sources.admit(peer);
        return peer;
    }

    private Peer slowHead(long id, byte[] source) {
        Peer peer = peer(id, source);
        peer.stage = Stage.HEAD;
        peer.stageSince = System.nanoTime() - 30 * SECOND;
        peer.stageBytes = 100;
        return peer;
    }

    @Test
    void aThingIsToldOnceOfEachOfManyLiveConnections() {
        for (long apart : new long[] {1, 1 << 10, 1 << 15, 1 << 16, 1 << 20}) {
            Peer one = slowHead(apart << 20, PROXY);
            Peer other = slowHead((apart << 20) + apart, OTHER);
            int told = 0;
            for (int look = 0; look < 25; look++) {
                told += slowHeaders.inspect(one) == null ? 0 : 1;
                told += slowHeaders.inspect(other) == null ? 0 : 1;
            }
            assertEquals(2, told, "of two, " + apart + " apart");
        }
    }

    @Test
    void aConnectionThatIsRefusedAgainAndAgainIsOnePenalty() {
        pressure = 1;
        Peer one = slowHead(100, PROXY);
        Peer other = slowHead(100 + (1 << 15), OTHER);
        for (int look = 0; look < 25; look++) {
            assertEquals(Measure.RESET, slowHeaders.inspect(one).measure());
            assertEquals(Measure.RESET, slowHeaders.inspect(other).measure());
        }
        assertEquals(2, sources.penalize(one), 0.1, "that one, and this one");
    }

    @Test
    void whatWasToldIsForgottenWithItsConnection() {
        Peer peer = slowHead(100, PROXY);
        assertNotNull(slowHeaders.inspect(peer));
        sources.closed(peer);
        assertNotNull(slowHeaders.inspect(slowHead(100, PROXY)));
    }
}
