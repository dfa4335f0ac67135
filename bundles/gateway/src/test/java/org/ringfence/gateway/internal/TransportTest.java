package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;

/** The local transport with a listener that interferes at the worst moments. The test's thread is the event loop. */
class TransportTest implements TransportListener {
    /** As many as attach.py takes. */
    private static final int SOCKETS = 8;
    private final List<String> told = new ArrayList<>();
    private Path state;
    private TransportSession session;
    private Program peer;
    private ApplicationRegion region;
    private Runnable whenDetached = () -> { };
    private boolean closedThrows;

    @BeforeEach
    void open() throws IOException {
        state = Files.createTempDirectory("ringfence-test");
        session = RunningGateway.transport(java.util.Map.of()).open(state, this);
        peer = new Program(new ProcessBuilder("python3", RunningGateway.program("attach.py").toString(), state.resolve("attach.sock").toString())
                .redirectErrorStream(true).start());
        turnUntil("attached 1");
    }

    @AfterEach
    void close() throws IOException {
        peer.close();
        session.close();
        Files.delete(state);
    }

    private void turnUntil(String expected) {
        RunningGateway.await(expected, () -> {
            session.turn(10);
            return told.contains(expected);
        });
    }

    @Override
    public void attached(ApplicationRegion application) {
        region = application;
        told.add("attached " + application.id());
    }

    @Override
    public void detached(ApplicationRegion application) {
        told.add("detached " + application.id());
        whenDetached.run();
    }

    @Override
    public void closed(ApplicationRegion application, int slot) {
        told.add("closed " + application.id());
        if (closedThrows) {
            closedThrows = false;
            throw new IllegalStateException("a fault");
        }
        application.freeSlot(slot);
    }

    @Override
    public void attached(InsRegion ins) {
        throw new AssertionError();
    }

    @Override
    public void detached(InsRegion ins) {
        throw new AssertionError();
    }

    @Test
    void nothingIsToldOfARegionAfterItWasDetached() throws InterruptedException {
        RunningGateway.await("the program has its sockets", () -> {
            session.turn(10);
            return peer.hasSaidMore();
        });
        peer.expect("attached");
        // All its ends close after the detaching has begun and before the memory is given back.
        whenDetached = () -> {
            peer.kill();
            try {
                peer.process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        };
        session.detach(region, "a test");
        turnUntil("detached 1");
        for (int i = 0; i < 5; i++) {
            session.turn(1);
        }
        assertEquals(List.of("attached 1", "detached 1"), told);
    }

    @Test
    void aSocketThatCannotBeToldOfIsNotToldOfAgainAndTheOthersAre() {
        RunningGateway.await("the program has its sockets", () -> {
            session.turn(10);
            return peer.hasSaidMore();
        });
        for (int slot = 0; slot < SOCKETS; slot++) {
            region.claimed(slot);
        }
        closedThrows = true;
        peer.kill();
        int faults = 0;
        List<String> all = new ArrayList<>(List.of("attached 1"));
        all.addAll(Collections.nCopies(SOCKETS, "closed 1"));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (told.size() < all.size() && System.nanoTime() - deadline < 0) {
            faults += faultsOfATurn();
        }
        faults += faultsOfATurn();
        assertEquals(all, told);
        assertEquals(1, faults, "turns that failed");
    }

    private int faultsOfATurn() {
        try {
            session.turn(10);
            return 0;
        } catch (RuntimeException e) {
            return 1;
        }
    }
}
