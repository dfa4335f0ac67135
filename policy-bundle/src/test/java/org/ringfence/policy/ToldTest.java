package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Marks of connections, by their numbers. */
class ToldTest {
    private final Told told = new Told();

    @Test
    void itKnowsWhatAMapKnowsWhileConnectionsComeAndGo() {
        Map<Long, Integer> known = new HashMap<>();
        Random random = new Random(7);
        for (int i = 0; i < 300_000; i++) {
            long id = 1 + random.nextInt(20_000) * 32_768L;
            if (random.nextInt(3) == 0) {
                told.forget(id);
                known.remove(id);
            } else {
                int mark = 1 + random.nextInt(6);
                told.put(id, 3, mark);
                known.put(id, mark);
            }
            long other = 1 + random.nextInt(20_000) * 32_768L;
            assertEquals(known.getOrDefault(other, 0), told.get(other, 3));
        }
        assertEquals(known.size(), told.size());
    }

    @Test
    void eachDetectorHasAMarkOfItsOwn() {
        for (int detector = 0; detector < Told.DETECTORS; detector++) {
            told.put(7, detector, 1 + detector % 6);
        }
        told.put(7, 2, 6);
        for (int detector = 0; detector < Told.DETECTORS; detector++) {
            assertEquals(detector == 2 ? 6 : 1 + detector % 6, told.get(7, detector));
        }
        assertEquals(1, told.size());
    }

    @Test
    void itIsBoundedAndKeepsTheLast() {
        for (long id = 1; id <= 3_000_000; id++) {
            told.put(id, 0, 1);
            assertEquals(1, told.get(id, 0));
        }
        assertTrue(told.size() <= Told.MOST, told.size() + " connections");
        assertTrue(told.size() > Told.MOST / 4 * 3, told.size() + " connections");
    }
}
