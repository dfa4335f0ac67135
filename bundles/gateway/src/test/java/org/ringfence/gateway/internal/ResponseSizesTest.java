package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ResponseSizesTest {
    private final ResponseSizes sizes = new ResponseSizes();

    @Test
    void whatWasAnsweredLastIsExpectedForTheSameTarget() {
        assertEquals(0, sizes.of(4711));
        sizes.learn(4711, 20_000);
        assertEquals(20_000, sizes.of(4711));
        sizes.learn(4711, 10_000);
        assertEquals(10_000, sizes.of(4711));
        assertEquals(0, sizes.of(4712));
    }

    @Test
    void noMoreRoomThanAPieceIsGrantedAtATime() {
        sizes.learn(4711, 200 << 10);
        assertEquals(64 << 10, sizes.of(4711));
    }

    @Test
    void aRequestWhoseTargetIsUnknownHasNoSize() {
        sizes.learn(0, 20_000);
        assertEquals(0, sizes.of(0));
    }
}
