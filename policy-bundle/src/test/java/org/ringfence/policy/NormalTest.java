package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class NormalTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int ALWAYS = 256;
    private final Normal normal = new Normal();
    private long now = -5; // nanoTime() may be negative

    private double bound() {
        return Math.max(ALWAYS, 4 * normal.value());
    }

    /** Somebody is seen so many times a second doing so much, and others doing what they do. */
    private void pass(int seconds, int sights, double seen) {
        for (int i = 0; i < seconds * sights; i++) {
            now += SECOND / sights;
            normal.learn(seen, ALWAYS, now);
        }
    }

    @Test
    void anAttackOfMinutesDoesNotBecomeNormal() {
        pass(300, 1000, 16_384);
        assertTrue(bound() < 1000, "bound " + bound());
    }

    @Test
    void howManyTakePartMakesNoDifference() {
        pass(300, 10, 16_384);
        double few = normal.value();
        Normal other = new Normal();
        for (int i = 0; i < 300_000; i++) {
            other.learn(16_384, ALWAYS, i * SECOND / 1000);
        }
        assertEquals(few, other.value(), few / 100);
    }

    @Test
    void aCrowdThatStaysIsNormalWithinMinutes() {
        pass(15 * 60, 5, 1000);
        assertTrue(bound() > 1000, "bound " + bound());
    }

    @Test
    void timesInWhichNobodyComesTeachNothing() {
        pass(3600, 1, 100);
        double before = normal.value();
        now += 48L * 3600 * SECOND;
        normal.learn(0, ALWAYS, now);
        assertEquals(before, normal.value(), 0.01);
    }

    @Test
    void whoDoesMoreCountsNineteenTimesAsMuch() {
        for (int i = 0; i < 400 * 3600; i++) {
            pass(1, 1, i % 20 == 0 ? 100 : 10);
        }
        assertEquals(55, normal.value(), 5);
    }
}
