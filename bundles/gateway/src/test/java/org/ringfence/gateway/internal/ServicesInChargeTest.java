package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.api.gateway.ServiceReport;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.Versions.Origin;

/** A version that comes while the event loop is busy. */
class ServicesInChargeTest {
    private static final long PATIENCE_SECONDS = 20;
    @TempDir
    private Path state;
    private final AtomicBoolean opened = new AtomicBoolean();
    private final Transport transport = new Transport() {
        @Override
        public TransportSession open(Path directory, TransportListener listener) {
            opened.set(true);
            return null;
        }

        @Override
        public TransportSession adopt(HandoverState from, TransportListener listener) {
            return open(null, listener);
        }
    };

    @Test
    void aTransportThatWasRejectedBecauseTheLoopIsBusyDoesNotTakeOverLater() throws Exception {
        ServicesInCharge services = new ServicesInCharge(state, 0);
        CountDownLatch busy = new CountDownLatch(1);
        try (EventLoop loop = new EventLoop(state, services, Settings.of(5000, false), () -> { }, () -> { })) {
            services.serve(loop);
            loop.start();
            CompletableFuture<Boolean> held = loop.ask(() -> {
                try {
                    return busy.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            services.add(transport, new Origin(1, "next", "1"));
            ServiceReport report = services.report().get(0);
            assertEquals("rejected", report.state());
            assertTrue(report.problem().contains("has not answered"), report.problem());
            busy.countDown();
            assertTrue(held.get(PATIENCE_SECONDS, TimeUnit.SECONDS));
            loop.ask(() -> 1).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertFalse(opened.get(), "it has taken over all the same");
        }
    }
}
