package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LostTimeTest {
    @Test
    void theMachinesIsLessThanTheTimeThatPassed() {
        try (LostTime lost = new LostTime()) {
            lost.since(0);
            long start = System.nanoTime();
            lost.since(start);
            long end = start;
            while (end - start < 20_000_000) {
                end = System.nanoTime();
            }
            long since = lost.since(end);
            assertTrue(since <= System.nanoTime() - start, "since the last look: " + since);
        }
    }

    @Test
    void aClosedOneHasLostNothingMore() {
        LostTime lost = new LostTime();
        lost.since(0);
        lost.close();
        assertEquals(0, lost.since(1));
    }
}
