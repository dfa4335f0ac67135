package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4095, 4097, Integer.MAX_VALUE, -1})
    void aPairsKeySaysItsRegionItsSlotAndItsGeneration(int generation) {
        long key = Key.ofPair(0xabcdef, 65535, generation);
        assertEquals(Key.PAIR, Key.kind(key));
        assertEquals(0xabcdef, Key.region(key));
        assertEquals(65535, Key.slot(key));
        assertTrue(Key.isOf(key, generation));
        assertFalse(Key.isOf(key, generation + 1), "the slot is free");
        assertFalse(Key.isOf(key, generation + 2), "the slot is another connection's");
    }

    @Test
    void aKeyOfAVersionThatSaidNoGenerationIsOfAny() {
        assertTrue(Key.isOf(Key.of(Key.PAIR, 1, 65535), 3));
    }
}
