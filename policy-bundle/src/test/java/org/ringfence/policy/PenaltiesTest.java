package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.policy.Verdict;

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
    void aNoteIsNoPenalty() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("connections", 20)));
        Policy slowRead = new SlowRead(sources, Settings.of(SlowRead.Configuration.class, hardBlocks()));
        for (int id = 1; id <= 100; id++) {
            slowHeaders.inspect(slowHead(id, PROXY));
        }
        int noted = 0;
        long end = System.nanoTime() + 20 * SECOND;
        for (int id = 1000; noted < 3 && System.nanoTime() < end; id++) {
            connections.admit(peer(id, PROXY));
            noted += connections.admission() == null ? 0 : 1;
        }
        assertEquals(3, noted);
        pressure = 2;
        Peer reader = peer(5000, PROXY);
        reader.outWaiting = 1000;
        reader.lastOut = System.nanoTime() - 60 * SECOND;
        reader.stageSince = reader.lastOut;
        reader.peerWindow = 0;
        assertEquals(Measure.RESET, slowRead.inspect(reader).measure());
        assertEquals(2, sources.penalize(reader), 0.1, "that one, and this one");
    }

    @Test
    void beingSlowedDownIsNoPenalty() {
        Policy throttles = new SlowHeaders(sources, Settings.of(SlowHeaders.Configuration.class, Map.of("hard", MeasureChoice.throttle)));
        pressure = 2;
        Peer peer = slowHead(1, PROXY);
        assertEquals(Measure.THROTTLE, throttles.inspect(peer).measure());
        assertEquals(1, sources.penalize(peer), 0.1, "this one");
    }

    @Test
    void whoseAddressIsWrittenIntoDatagramsIsNotFoundForThem() {
        Policy connections = new Connections(sources, Settings.of(Connections.Configuration.class,
                Map.of("connections", 20, "perSecond", 20, "calm", MeasureChoice.block, "blockAfter", 3)));
        int refused = 0;
        Measure worst = Measure.NOTE;
        for (int id = 1; id <= 1000; id++) {
            Peer datagram = new Peer(id, OTHER).asDatagram();
            sources.admit(datagram);
            refused += connections.admit(datagram) == Verdict.PASS ? 0 : 1;
            Finding finding = connections.admission();
            worst = finding != null && finding.measure().compareTo(worst) > 0 ? finding.measure() : worst;
            sources.closed(datagram);
        }
        assertTrue(refused > 500, refused + " of 1000 datagrams were refused");
        assertEquals(Measure.RESET, worst);
        Peer victim = peer(2000, OTHER);
        assertEquals(1, sources.open(victim));
        assertEquals(0.1, sources.connectionRate(victim), 0.01);
        assertEquals(Verdict.PASS, connections.admit(victim));
        assertEquals(1, sources.penalize(victim), 0.1, "this one");
    }

    @Test
    void datagramsTeachNothingOfWhatIsNormal() {
        Connections connections = new Connections(sources, Settings.of(Connections.Configuration.class, Map.of("perSecond", 20)));
        for (int id = 1; id <= 1000; id++) {
            Peer datagram = new Peer(id, OTHER).asDatagram();
            sources.admit(datagram);
            connections.admit(datagram);
        }
        LockSupport.parkNanos(SECOND / 10);
        connections.admit(new Peer(1000, OTHER).asDatagram());
        assertEquals(0, connections.normalRate());
        peer(2000, PROXY);
        connections.admit(peer(2001, PROXY));
        LockSupport.parkNanos(SECOND / 10);
        connections.admit(peer(2002, PROXY));
        assertTrue(connections.normalRate() > 0);
    }

    @Test
    void whatWasToldIsForgottenWithItsConnection() {
        Peer peer = slowHead(100, PROXY);
        assertNotNull(slowHeaders.inspect(peer));
        sources.closed(peer);
        assertNotNull(slowHeaders.inspect(slowHead(100, PROXY)));
    }
}
