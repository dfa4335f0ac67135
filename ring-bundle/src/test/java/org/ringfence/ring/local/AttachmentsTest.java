package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
}
