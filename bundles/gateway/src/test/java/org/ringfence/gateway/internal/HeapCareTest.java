package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class HeapCareTest {
    private static final long LIVE = 20 << 20;
    private long used = LIVE;
    private int collections;
    private final HeapCare care = new HeapCare(() -> used, () -> {
        collections++;
        used = LIVE;
    });

    private void look(int times) {
        for (int i = 0; i < times; i++) {
            care.look();
        }
    }

    @Test
    void whatWasAllocatedIsCollectedAndLookedAtOnceMore() {
        look(5);
        assertEquals(2, collections);
    }

    @Test
    void whereNothingIsAllocatedNothingIsCollected() {
        look(5);
        collections = 0;
        used += 1000;
        look(5);
        assertEquals(0, collections);
    }

    @Test
    void littleIsCollectedWhenItIsMuchInAll() {
        look(5);
        collections = 0;
        for (int i = 0; i < 12; i++) {
            used += 400 << 10;
            look(1);
        }
        assertEquals(2, collections);
    }
}
