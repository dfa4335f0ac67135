package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private final List<String> told = new ArrayList<>();
    private Path state;
    private TransportSession session;
    private Program peer;
    private ApplicationRegion region;
    private Runnable whenDetached = () -> { };

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
}
