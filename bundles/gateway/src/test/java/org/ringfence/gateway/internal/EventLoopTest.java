package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;

/** An event loop without a transport, in which something throws. */
class EventLoopTest {
    private static final long PATIENCE_SECONDS = 20;
    @TempDir
    private Path state;
    private final CountDownLatch lost = new CountDownLatch(1);
    private final CountDownLatch thrown = new CountDownLatch(2);
    private volatile Throwable thrownByPolicies;
    private EventLoop loop;

    private final Services services = new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return null;
        }

        @Override
        public PolicyChain policies() {
            Throwable now = thrownByPolicies;
            if (now != null) {
                thrown.countDown();
                EventLoopTest.<RuntimeException>sneak(now);
            }
            return null;
        }
    };

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    private void start() {
        loop = new EventLoop(state, services, Settings.of(5000, false), () -> { }, lost::countDown);
        loop.start();
    }

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    void anErrorEndsTheLoopAndWhoAsksLearnsOfItAtOnce() throws InterruptedException {
        thrownByPolicies = new AssertionError("a fault of the test's");
        start();
        assertTrue(lost.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "nobody was told");
        ExecutionException ended = assertThrows(ExecutionException.class, () -> loop.ask(() -> 1).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertEquals("the event loop has ended", ended.getCause().getMessage());
    }

    @Test
    void anErrorOfAQuestionIsItsAnswerAndEndsTheLoop() throws InterruptedException {
        start();
        ExecutionException ended = assertThrows(ExecutionException.class, () -> loop.ask(() -> {
            throw new AssertionError("a fault of the test's");
        }).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertInstanceOf(AssertionError.class, ended.getCause());
        assertTrue(lost.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "nobody was told");
    }

    @Test
    void anExceptionCostsTheLoopATurn() throws Exception {
        thrownByPolicies = new NoClassDefFoundError("a fault of the test's");
        start();
        assertTrue(thrown.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "there was no second turn");
        thrownByPolicies = null;
        assertEquals(1, loop.ask(() -> 1).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertFalse(loop.hasEnded());
        assertEquals(1, lost.getCount());
    }
}
