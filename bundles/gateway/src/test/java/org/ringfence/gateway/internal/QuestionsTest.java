package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Questions to a loop that has something else to do. */
class QuestionsTest {
    private static final long LONG = 20_000;
    private final AtomicBoolean done = new AtomicBoolean();
    private final CountDownLatch begun = new CountDownLatch(1);
    /** The thread that asked comes back from waking the loop. */
    private volatile boolean asked;
    private Runnable wake = () -> { };
    private final Questions questions = new Questions(() -> wake.run());

    /** Another thread begins to answer before the one that asked goes on. */
    private void answerMeanwhile() {
        Thread loop = new Thread(questions::answer);
        loop.setDaemon(true);
        loop.start();
        try {
            assertTrue(begun.await(LONG, TimeUnit.MILLISECONDS), "nobody answers");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        asked = true;
    }

    /** Done when the thread that asked waits for it. */
    private boolean doneWhileSomebodyWaits(Thread asking) {
        begun.countDown();
        RunningGateway.await("who asked waits", () -> asked && asking.getState() == Thread.State.TIMED_WAITING);
        done.set(true);
        return true;
    }

    @Test
    void whatWasGivenUpIsNeverDone() {
        TimeoutException given = assertThrows(TimeoutException.class, () -> questions.await(() -> done.getAndSet(true), 0));
        assertEquals("the event loop has not answered within 0 ms", given.getMessage());
        questions.answer();
        assertFalse(done.get());
        assertTrue(questions.isEmpty());
    }

    @Test
    void whatWasBegunIsWaitedFor() throws Exception {
        Thread asking = Thread.currentThread();
        wake = this::answerMeanwhile;
        assertTrue(questions.await(() -> doneWhileSomebodyWaits(asking), 0));
        assertTrue(done.get());
    }

    @Test
    void whoIsInterruptedGivesUp() {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> questions.await(() -> done.getAndSet(true), LONG));
        questions.answer();
        assertFalse(done.get());
    }

    @Test
    void whoIsInterruptedWhileItIsDoneLearnsWhatCameOfIt() throws Exception {
        Thread asking = Thread.currentThread();
        wake = () -> {
            answerMeanwhile();
            Thread.currentThread().interrupt();
        };
        assertTrue(questions.await(() -> doneWhileSomebodyWaits(asking), LONG));
        assertTrue(done.get());
        assertTrue(Thread.interrupted(), "the interrupt was swallowed");
    }

    @Test
    void whoAsksAfterTheEndLearnsSo() {
        questions.end();
        ExecutionException ended = assertThrows(ExecutionException.class, () -> questions.await(() -> done.getAndSet(true), LONG));
        assertEquals("the event loop has ended", ended.getCause().getMessage());
        assertFalse(done.get());
    }
}
