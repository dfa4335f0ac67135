package org.ringfence.memory.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.ringfence.api.handover.HandoverState;

class HandoverShelfTest {
    private final HandoverShelf shelf = new HandoverShelf();

    private static Supplier<HandoverState> knowing(int number) {
        return () -> new HandoverState("test", 1).put("number", number);
    }

    @Test
    void theFirstToJoinGetsNothing() {
        assertNull(shelf.join("a", knowing(1)));
    }

    @Test
    void theNextGetsTheStateOfTheOneThatLives() {
        shelf.join("a", knowing(1));
        assertEquals(1, shelf.join("a", knowing(2)).number("number"));
        assertNull(shelf.join("b", knowing(3)), "another name");
    }

    @Test
    void theNextGetsTheStateThatTheLastOneLeft() {
        Supplier<HandoverState> first = knowing(1);
        shelf.join("a", first);
        shelf.leave("a", first);
        assertEquals(1, shelf.join("a", knowing(2)).number("number"));
    }

    @Test
    void whoLeavesAfterItsSuccessorCameLeavesNothingBehind() {
        Supplier<HandoverState> first = knowing(1);
        Supplier<HandoverState> second = knowing(2);
        shelf.join("a", first);
        shelf.join("a", second);
        shelf.leave("a", first);
        shelf.leave("a", second);
        assertEquals(2, shelf.join("a", knowing(3)).number("number"));
    }

    @Test
    void aSuccessorThatGoesAgainGivesThePlaceBack() {
        Supplier<HandoverState> second = knowing(2);
        shelf.join("a", knowing(1));
        shelf.join("a", second);
        shelf.leave("a", second);
        assertEquals(1, shelf.join("a", knowing(3)).number("number"));
    }

    @Test
    void whoLeavesWhileOthersLiveGivesWhatItKnowsToTheLastOfThem() {
        List<String> given = new ArrayList<>();
        Supplier<HandoverState> first = knowing(1);
        shelf.join("a", first, state -> given.add("first " + state.number("number")));
        shelf.join("a", knowing(2), state -> given.add("second " + state.number("number")));
        Supplier<HandoverState> third = knowing(3);
        shelf.join("a", third, state -> given.add("third " + state.number("number")));
        shelf.leave("a", first);
        shelf.leave("a", third);
        assertEquals(List.of("third 1", "second 3"), given);
    }

    @Test
    void anObjectOfABundlesOwnClassIsNotHandedOver() {
        assertThrows(IllegalArgumentException.class, () -> new HandoverState("test", 1).put("loader", new HandoverShelfTest()));
        assertThrows(IllegalArgumentException.class, () -> new HandoverState("test", 1).put("loader", new HandoverShelfTest[0]));
    }

    @Test
    void whatIsMissingOrOfAnotherTypeIsNamed() {
        HandoverState state = new HandoverState("test", 1).put("number", 1);
        assertEquals("test.other is missing, where a Long is needed",
                assertThrows(IllegalArgumentException.class, () -> state.longNumber("other")).getMessage());
        assertEquals("test.number is a Integer, where a String is needed",
                assertThrows(IllegalArgumentException.class, () -> state.text("number")).getMessage());
    }
}
