package org.ringfence.ssh.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class StrangersTest {
    private final Strangers<String> strangers = new Strangers<>(2);

    @Test
    void oneMoreTakesThePlaceOfTheOldest() {
        assertNull(strangers.add("a"));
        assertNull(strangers.add("b"));
        assertEquals("a", strangers.add("c"));
        assertEquals("b", strangers.add("d"));
    }

    @Test
    void whoHasLoggedInOrGoneHasNoPlace() {
        strangers.add("a");
        strangers.add("b");
        strangers.remove("a");
        assertNull(strangers.add("c"));
        assertEquals("b", strangers.add("d"));
    }
}
