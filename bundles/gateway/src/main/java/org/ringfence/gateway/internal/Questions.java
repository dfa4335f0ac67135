package org.ringfence.gateway.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** What other threads ask the event loop. */
final class Questions {
    /** For a question that the loop has begun to answer: it cannot be taken back, and what comes of it is to be known. */
    private static final long LONGEST_MILLISECONDS = 60_000;

    private final ConcurrentLinkedQueue<Question<?>> asked = new ConcurrentLinkedQueue<>();
    private final Runnable wake;
    /** Set when nobody is there any more to answer. */
    private volatile boolean ended;

    /** A question and its answer. It is answered, or given up, but never both. */
    private static final class Question<T> {
        private final Supplier<T> question;
        private final CompletableFuture<T> answer = new CompletableFuture<>();
        private final AtomicBoolean taken = new AtomicBoolean();

        Question(Supplier<T> question) {
            this.question = question;
        }

        /** True if it will never be answered; false if the loop has begun to. */
        boolean giveUp() {
            return taken.compareAndSet(false, true);
        }

        void answer(boolean ended) {
            if (!taken.compareAndSet(false, true)) {
                return;
            }
            if (ended) {
                answer.completeExceptionally(new IllegalStateException("the event loop has ended"));
                return;
            }
            try {
                answer.complete(question.get());
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                answer.completeExceptionally(e);
            } catch (Error e) {
                answer.completeExceptionally(e);
                throw e; // it is the loop's matter as well
            }
        }
    }

    /** @param wake has the event loop take another turn */
    Questions(Runnable wake) {
        this.wake = wake;
    }

    /** Any thread. */
    <T> CompletableFuture<T> ask(Supplier<T> question) {
        return add(question).answer;
    }

    private <T> Question<T> add(Supplier<T> question) {
        Question<T> one = new Question<>(question);
        asked.add(one);
        if (ended) {
            answer(); // which comes to nothing but exceptions, on whatever thread
        } else {
            wake.run();
        }
        return one;
    }

    /**
     * Asks and waits for the answer. A question that has not been begun when the time is over, or the thread is interrupted, is given up:
     * nothing comes of it later. For one that has been begun the thread waits on. Any thread but the event loop's.
     *
     * @throws TimeoutException saying how long it was waited for, and whether something may yet come of it
     */
    <T> T await(Supplier<T> question, long milliseconds) throws ExecutionException, TimeoutException, InterruptedException {
        Question<T> one = add(question);
        try {
            return one.answer.get(milliseconds, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            if (one.giveUp()) {
                throw new TimeoutException("the event loop has not answered within " + milliseconds + " ms");
            }
            return begun(one);
        } catch (InterruptedException e) {
            if (one.giveUp()) {
                throw e;
            }
            try {
                return begun(one);
            } finally {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static <T> T begun(Question<T> one) throws ExecutionException, TimeoutException, InterruptedException {
        try {
            return one.answer.get(LONGEST_MILLISECONDS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new TimeoutException("the event loop has been at it for " + LONGEST_MILLISECONDS + " ms, and may yet do it");
        }
    }

    boolean isEmpty() {
        return asked.isEmpty();
    }

    /** Event loop's thread. */
    void answer() {
        for (Question<?> question; (question = asked.poll()) != null; ) {
            question.answer(ended);
        }
    }

    /** From now on every question is answered by an exception. */
    void end() {
        ended = true;
        answer();
    }

    boolean haveEnded() {
        return ended;
    }
}
