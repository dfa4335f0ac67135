package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What is normal at a listener goes by the time in which it is seen. */
class QuantilesTest {
    private static final long SECOND = 1_000_000_000L;
    private long now = -5 * SECOND; // nanoTime() may be negative
    private final Quantiles quantiles = new Quantiles(() -> now);

    private void pass(int seconds, int values, long value) {
        for (int i = 0; i < seconds * values; i++) {
            now += SECOND / values;
            quantiles.add(value);
        }
    }

    private void atOnce(int values, long value) {
        now += SECOND;
        for (int i = 0; i < values; i++) {
            quantiles.add(value);
        }
    }

    @Test
    void manySlowBodiesAtOnceDoNotBecomeNormal() {
        pass(400, 10, 200_000);
        atOnce(10_000, 5);
        assertTrue(quantiles.at(0.05) > 100_000, quantiles.at(0.05) + " B/s");
        now += SECOND;
        atOnce(10_000, 5);
        assertTrue(quantiles.at(0.05) > 100_000, quantiles.at(0.05) + " B/s");
    }

    @Test
    void manySlowHeadsAtOnceDoNotBecomeNormal() {
        pass(400, 10, 2_000_000);
        atOnce(10_000, 3_100_000_000L);
        assertTrue(quantiles.at(0.95) < 4_000_000, quantiles.at(0.95) + " ns");
    }

    @Test
    void aFewAmongManyDoNotMoveIt() {
        for (int i = 0; i < 400; i++) {
            pass(1, 100, 200_000);
            quantiles.add(5);
        }
        assertTrue(quantiles.at(0.05) > 100_000, quantiles.at(0.05) + " B/s");
    }

    @Test
    void whereAllClientsAreSlowThatIsNormalWithinMinutes() {
        pass(2 * 3600, 20, 2_000_000);
        pass(5 * 60, 20, 3_100_000_000L);
        assertTrue(quantiles.at(0.95) > 3_000_000_000L, quantiles.at(0.95) + " ns");
    }

    @Test
    void nothingIsNormalUntilTwentyWereSeen() {
        atOnce(19, 1000);
        assertEquals(0, quantiles.at(0.05));
        quantiles.add(1000);
        assertTrue(quantiles.at(0.05) >= 1000 && quantiles.at(0.05) <= 1280, quantiles.at(0.05) + " B/s");
    }

    @Test
    void aShareIsThatOfTheTimeWithBoth() {
        for (int i = 0; i < 1000; i++) {
            atOnce(i % 10 == 0 ? 50 : 1, i % 10 == 0 ? 1 << 20 : 1 << 10);
        }
        assertTrue(quantiles.at(0.85) < 1 << 11, quantiles.at(0.85) + "");
        assertTrue(quantiles.at(0.95) > 1 << 19, quantiles.at(0.95) + "");
    }
}
