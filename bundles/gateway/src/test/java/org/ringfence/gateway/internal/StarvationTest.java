package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class StarvationTest {
    private final Starvation starvation = new Starvation(1);
    private final long[] used = {5000, 7000};
    private final long[] idle = {900, 800};

    /** A second passes: each CPU works for so many of 100 ticks. */
    private boolean second(int first, int second) {
        int[] busy = {first, second};
        for (int i = 0; i < 2; i++) {
            used[i] += busy[i];
            idle[i] += 100 - busy[i];
        }
        return starvation.look(List.of("cpu  1 2 3 4 5 6 7 8 9 10", line(0), line(1), "intr 12 3"));
    }

    private String line(int cpu) {
        return "cpu" + cpu + " " + used[cpu] / 2 + " 0 " + (used[cpu] - used[cpu] / 2) + " " + (idle[cpu] - 40) + " 40 0 0 0 0 0";
    }

    @Test
    void oneBusyCpuBesideAnIdleOneIsTooLittleAfterThreeSeconds() {
        assertFalse(second(10, 100));
        assertFalse(second(10, 100));
        assertFalse(second(10, 99));
        assertTrue(second(10, 100));
        assertFalse(second(10, 100), "told, it counts anew");
        assertFalse(second(10, 100));
        assertTrue(second(10, 100));
    }

    @Test
    void twoBusyCpusHaveNothingToGive() {
        for (int i = 0; i < 10; i++) {
            assertFalse(second(80, 100));
        }
    }

    @Test
    void oneCpuWithTimeLeftIsEnough() {
        for (int i = 0; i < 10; i++) {
            assertFalse(second(5, 90));
        }
    }

    @Test
    void aMomentOfRestBeginsTheCountAnew() {
        second(0, 100);
        second(0, 100);
        second(0, 100);
        assertFalse(second(0, 50));
        assertFalse(second(0, 100));
        assertFalse(second(0, 100));
        assertTrue(second(0, 100));
    }
}
