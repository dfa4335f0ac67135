package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that wait for room at a listener when the batch has none. */
class ListenersTest {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int LISTENER = 0;
    @TempDir
    private Path state;
    private Attaching attaching;

    @BeforeEach
    void open() throws IOException {
        attaching = new Attaching(state);
        attaching.hello("server");
        attaching.turnUntil("it is attached", () -> attaching.applications.size() == 1);
        // Its fresh sockets are sent with the next batch: until then a connection to one of them waits.
        attaching.beforeBatch = () -> {
            region().claimed(LISTENER);
            region().offer(LISTENER, region().openSlot(AF_INET, SOCK_STREAM, 0));
            region().offer(LISTENER, region().openSlot(AF_INET, SOCK_STREAM, 0));
        };
        attaching.session.turn(0);
        assertEquals(2, region().waiting(LISTENER));
    }

    @AfterEach
    void close() {
        attaching.close();
    }

    private LocalApplicationRegion region() {
        return (LocalApplicationRegion) attaching.applications.get(0);
    }

    /** The listener has room, which the kernel tells once, in a turn whose batch has no room. */
    private void roomWithoutRoom() {
        region().listening(LISTENER);
        attaching.room = 0;
        attaching.session.turn(0);
        assertEquals(2, region().waiting(LISTENER));
        attaching.session.turn(0);
        assertEquals(2, region().waiting(LISTENER));
        attaching.room = -1;
    }

    @Test
    void aListenerWithRoomIsServedByALaterBatch() {
        roomWithoutRoom();
        assertTrue(attaching.session.hasWork(), "the turn would sleep");
        attaching.session.turn(0);
        assertEquals(0, region().waiting(LISTENER));
    }

    @Test
    void itIsServedByTheNextVersionOfTheTransport() {
        roomWithoutRoom();
        attaching.applications.clear();
        attaching.takeOver(1);
        attaching.applications.addAll(attaching.session.applications());
        attaching.session.turn(0);
        assertEquals(0, region().waiting(LISTENER));
    }

    @Test
    void aListenerThatIsGoneIsNotServed() {
        roomWithoutRoom();
        region().endWaiting(LISTENER);
        region().freeSlot(LISTENER);
        assertEquals(0, region().waiting(LISTENER));
        attaching.turnUntil("there is nothing to do", () -> !attaching.session.hasWork());
    }
}
