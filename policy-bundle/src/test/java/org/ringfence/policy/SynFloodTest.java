package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Stack;

/** What is a flood of connection requests, by what a stack counts. */
class SynFloodTest {
    private final SynFlood detector = new SynFlood(Settings.of(SynFlood.Configuration.class, Map.of()));
    private final Counts counts = new Counts();

    /** A stack's counters, by which a second passes. */
    private static final class Counts implements Stack {
        private long second = 1;
        private long cookies;
        private long dropped;
        private long repeated;
        private long opened;
        private long overflows;

        Counts second(long cookiesMore, long droppedMore, long repeatedMore, long openedMore, long overflowsMore) {
            second++;
            cookies += cookiesMore;
            dropped += droppedMore;
            repeated += repeatedMore;
            opened += openedMore;
            overflows += overflowsMore;
            return this;
        }

        @Override
        public String ins() {
            return "ins";
        }

        @Override
        public long lookedAt() {
            return second * 1_000_000_000L;
        }

        @Override
        public long cookies() {
            return cookies;
        }

        @Override
        public long dropped() {
            return dropped;
        }

        @Override
        public long repeated() {
            return repeated;
        }

        @Override
        public long opened() {
            return opened;
        }

        @Override
        public long overflows() {
            return overflows;
        }
    }

    private Finding calm(int seconds) {
        Finding finding = null;
        for (int i = 0; i < seconds; i++) {
            Finding next = detector.stack(counts.second(0, 0, 0, 100, 0));
            finding = next == null ? finding : next;
        }
        return finding;
    }

    @Test
    void aFloodIsFoundAtTheFirstLookAfterItHasFilledTheQueue() {
        assertNull(calm(5));
        Finding finding = detector.stack(counts.second(1900, 0, 0, 100, 0));
        assertEquals(Measure.NOTE, finding.measure());
        assertTrue(finding.evidence().startsWith("1800 connection requests a second that nobody finishes, normal here 0.0: 1900 answered with cookies"),
                finding.evidence());
    }

    @Test
    void oneThatFillsNoQueueIsFoundByTheAnswersThatAreRepeated() {
        calm(5);
        assertTrue(detector.stack(counts.second(0, 0, 40, 100, 0)).evidence().contains("40 answers repeated"));
    }

    @Test
    void whereCookiesAreOffTheFindingSaysSo() {
        calm(5);
        assertTrue(detector.stack(counts.second(0, 500, 0, 0, 0)).evidence().endsWith("set net.ipv4.tcp_syncookies to 1 for it"));
    }

    @Test
    void manyWhoFinishTheirHandshakesAreNoFlood() {
        calm(5);
        assertNull(detector.stack(counts.second(3000, 0, 0, 3000, 0)));
    }

    @Test
    void clientsOfAServerWhoseQueueIsFullAreNoFlood() {
        calm(5);
        assertNull(detector.stack(counts.second(0, 0, 200, 100, 200)));
    }

    @Test
    void aFewLostAnswersAreNoFlood() {
        calm(5);
        assertNull(detector.stack(counts.second(0, 0, 10, 100, 0)));
    }

    @Test
    void whatIsNormalForAStackIsNoFloodThere() {
        for (int i = 0; i < 300; i++) {
            detector.stack(counts.second(0, 0, 15, 100, 0));
        }
        assertNull(detector.stack(counts.second(0, 0, 50, 100, 0)));
        assertTrue(detector.stack(counts.second(0, 0, 100, 100, 0)).evidence().contains("normal here 1"));
    }

    @Test
    void aFloodThatLastsIsToldOfEveryTenSecondsAndItsEndOnce() {
        calm(5);
        int told = 0;
        for (int i = 0; i < 30; i++) {
            told += detector.stack(counts.second(2000, 0, 0, 0, 0)) == null ? 0 : 1;
        }
        assertEquals(3, told);
        Finding end = calm(30);
        assertTrue(end.evidence().startsWith("the flood of connection requests is over; 2000 a second at most"), end.evidence());
        assertNull(calm(30));
    }

    @Test
    void countersOfAnotherStackBeginAnew() {
        calm(5);
        counts.opened = 0;
        assertNull(detector.stack(counts.second(9000, 0, 0, 0, 0)));
    }
}
