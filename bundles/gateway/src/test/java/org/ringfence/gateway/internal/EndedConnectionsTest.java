package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EndedConnectionsTest {
    private final EndedConnections ended = new EndedConnections();

    private List<ConnectionSnapshot> end(int count) {
        List<ConnectionSnapshot> places = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            places.add(ended.next());
        }
        return places;
    }

    @Test
    void theLastOnesAreGivenTheOldestFirst() {
        end(100);
        List<ConnectionSnapshot> last = end(EndedConnections.KEPT);
        assertEquals(last, ended.give());
    }

    @Test
    void beforeThereAreManyAllAreGiven() {
        assertEquals(end(3), ended.give());
    }

    @Test
    void aPlaceThatNobodyWasGivenIsUsedAgain() {
        ConnectionSnapshot first = ended.next();
        end(EndedConnections.KEPT - 1);
        assertSame(first, ended.next());
    }

    @Test
    void whatSomebodyWasGivenIsLeftAlone() {
        end(EndedConnections.KEPT + 10);
        Set<ConnectionSnapshot> given = Collections.newSetFromMap(new IdentityHashMap<>());
        given.addAll(ended.give());
        for (ConnectionSnapshot later : end(3 * EndedConnections.KEPT)) {
            assertFalse(given.contains(later), "a place that was given");
        }
    }

    @Test
    void afterThatPlacesAreUsedAgain() {
        end(10);
        ended.give();
        List<ConnectionSnapshot> later = end(EndedConnections.KEPT);
        assertEquals(later, end(EndedConnections.KEPT));
    }
}
