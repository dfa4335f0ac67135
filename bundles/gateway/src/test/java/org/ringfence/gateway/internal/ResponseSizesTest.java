package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ResponseSizesTest {
    private final ResponseSizes sizes = new ResponseSizes();

    @Test
    void theLastResponseToTheSameIsExpectedAgain() {
        sizes.learn(7, 10_000);
        sizes.learn(7, 12_000);
        sizes.learn(8, 1);
        assertEquals(12_000, sizes.of(7));
    }

    @Test
    void nothingIsExpectedOfWhatIsNotKnown() {
        sizes.learn(7, 10_000);
        assertEquals(0, sizes.of(0));
        assertEquals(0, sizes.of(7 + 256), "of the same place, and another");
    }

    @Test
    void noMoreThanAPieceIsExpectedAtATime() {
        sizes.learn(7, 1L << 40);
        assertEquals(64 << 10, sizes.of(7));
    }
}
