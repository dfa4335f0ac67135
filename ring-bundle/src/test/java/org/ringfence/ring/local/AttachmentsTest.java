package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.api.transport.Region;

/** Who attaches when the gateway cannot accept, and under which number. */
class AttachmentsTest {
    private static final int EMFILE = 24;
    private static final int SILENT = 200;
    @TempDir
    private Path state;
    private Attaching attaching;

    @BeforeEach
    void open() throws IOException {
        attaching = new Attaching(state);
    }

    @AfterEach
    void close() {
        attaching.close();
    }

    @Test
    void whoCannotBeAcceptedIsAcceptedLaterThoughNobodyElseComes() {
        attaching.refusal = -EMFILE;
        attaching.hello("waits");
        attaching.session.turn(1000);
        assertEquals(0, attaching.refusal, "it was not accepted");
        long began = System.nanoTime();
        attaching.turnUntil("it is attached", () -> attaching.applications.size() == 1);
        assertTrue(System.nanoTime() - began < 1_000_000_000, "it waited for a turn that nothing but time ended");
    }

    private void attach(int count) {
        int before = attaching.applications.size();
        for (int i = 1; i <= count; i++) {
            attaching.hello("application-" + (before + i));
        }
        attaching.turnUntil("they are attached", () -> attaching.applications.size() == before + count);
    }

    @Test
    void regionsAreCountedInTheBitsThatTheirEventsTell() {
        attach(2);
        attaching.takeOver(Key.LAST_REGION - 1);
        attach(3);
        assertEquals(List.of(1, 2, Key.LAST_REGION, 3, 4), attaching.applications.stream().map(Region::id).toList());
        assertEquals(Key.LAST_REGION, Key.region(Key.of(Key.PAIR, Key.LAST_REGION, 5)));
    }

    @Test
    void aNumberBeyondThemFromAVersionBeforeIsCutToThem() {
        attaching.takeOver(Key.LAST_REGION + 7);
        attach(1);
        assertEquals(7, attaching.applications.get(0).id());
    }

    @Test
    void eachDescriptorIsClosedOnceWhenTheSessionEnds() throws IOException {
        attach(1);
        attaching.helloOfIns();
        attaching.connect();
        attaching.turnUntil("the INS is attached", () -> attaching.session.inss().size() == 1);
        attaching.closed.clear();
        attaching.close();
        List<Integer> closed = attaching.closed.stream().sorted().toList();
        attaching = new Attaching(state);
        assertEquals(closed.stream().distinct().toList(), closed);
    }

    // ---- who connects and says nothing ----

    private void connectSilently(int count) {
        for (int i = 0; i < count; i++) {
            attaching.connect();
        }
    }

    @Test
    void whoNeverSaysHelloTakesAFewDescriptorsForAWhile() {
        connectSilently(SILENT);
        for (int i = 0; i < SILENT; i++) {
            attaching.session.turn(0);
            assertTrue(attaching.accepted.size() <= Unheard.MOST, attaching.accepted.size() + " after " + i + " turns");
        }
        assertFalse(attaching.accepted.isEmpty(), "nobody was accepted");
        attaching.turnUntil("their connections are closed", attaching.accepted::isEmpty);
        attach(1);
    }

    @Test
    void whoSaysHelloAmongManyWhoDoNotIsAttached() {
        connectSilently(SILENT);
        attaching.hello("honest");
        connectSilently(SILENT);
        attaching.turnUntil("it is attached", () -> attaching.applications.size() == 1);
    }

    @Test
    void aHelloThatLiesThereWhenAnotherTakesItsPlaceIsHeard() {
        int oldest = attaching.connect();
        connectSilently(Unheard.MOST - 1);
        attaching.turnUntil("all are accepted", () -> attaching.accepted.size() == Unheard.MOST);
        connectSilently(1);
        attaching.beforeAccept = () -> attaching.hello(oldest, "oldest");
        attaching.turnUntil("there was one accept", () -> attaching.closed.size() + attaching.applications.size() > 0);
        assertEquals(1, attaching.applications.size());
    }

    @Test
    void whoConnectsOneByOneDoesNotDriveOthersOutAtOnce() {
        connectSilently(Unheard.MOST);
        attaching.turnUntil("all are accepted", () -> attaching.accepted.size() == Unheard.MOST);
        long began = System.nanoTime();
        attaching.connect();
        attaching.turnUntil("the oldest one is closed", () -> !attaching.closed.isEmpty());
        assertTrue(System.nanoTime() - began > 5_000_000, "after " + (System.nanoTime() - began) / 1000 + " us");
    }

    @Test
    void theNextVersionOfTheTransportEndsThemToo() {
        connectSilently(1);
        attaching.session.turn(1000);
        assertEquals(1, attaching.accepted.size());
        attaching.takeOver(1);
        attaching.turnUntil("its connection is closed", attaching.accepted::isEmpty);
    }
}
