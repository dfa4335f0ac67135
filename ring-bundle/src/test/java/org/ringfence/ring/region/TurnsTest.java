package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.Words;

/** Peers that keep up with the gateway have their share of a turn. */
class TurnsTest {
    private static final int SHARE = 4 << 20;
    private final TestRegions regions = new TestRegions();
    private final int applicationSlot = regions.application.openSlot(2, 1, 0);
    private final int insSlot = regions.ins.openSlot(2, 1, 0);

    @AfterEach
    void close() {
        regions.close();
    }

    private int take(Direction direction) {
        return direction == Direction.IN ? regions.ins.takePending() : regions.application.takePending();
    }

    /** The source has more whenever the flow looks, and the target takes it: bytes of it that are moved at once. */
    private long moveWithoutEnd(Direction direction) throws ProtocolViolation {
        MappedRegion source = source(direction);
        int from = source.at(direction == Direction.IN ? insSlot : applicationSlot) + RingOffsets.of(direction).tail();
        RingFlow flow = new RingFlow(direction, regions.journal) {
            @Override
            boolean transfer(int filled, int room) {
                advance(filled, 0);
                Words.setRelease(source.memory, from, taken + Grant.PAGE_BYTES);
                return taken < 2 * SHARE;
            }

            @Override
            boolean grows() {
                return false;
            }
        };
        flow.bind(0, regions.application, applicationSlot, regions.ins, insSlot);
        Words.setRelease(source.memory, from, Grant.PAGE_BYTES);
        return flow.move();
    }

    private MappedRegion source(Direction direction) {
        return direction == Direction.IN ? regions.ins : regions.application;
    }

    @ParameterizedTest
    @EnumSource
    void whoHadItsShareGoesOnInTheNextTurn(Direction direction) throws ProtocolViolation {
        long moved = moveWithoutEnd(direction);
        assertTrue(moved >= SHARE && moved < 2 * SHARE, moved + " bytes at once");
        assertEquals(-1, take(direction), "others have their turn");
        assertTrue(source(direction).hasWork(), "the turn would sleep");
        regions.ins.nextTurn();
        regions.application.nextTurn();
        assertEquals(direction == Direction.IN ? insSlot : applicationSlot, take(direction));
        assertEquals(-1, take(direction));
        assertFalse(source(direction).hasWork());
    }

    @Test
    void aSlotThatWasFreedMeanwhileDoesNoHarm() throws ProtocolViolation {
        moveWithoutEnd(Direction.OUT);
        regions.application.freeSlot(applicationSlot);
        regions.application.nextTurn();
        assertEquals(applicationSlot, take(Direction.OUT), "its owner knows that nobody has it");
        assertEquals(-1, take(Direction.OUT));
    }
}
