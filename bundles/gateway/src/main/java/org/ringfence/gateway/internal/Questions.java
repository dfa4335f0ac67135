package org.ringfence.gateway.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** What other threads ask the event loop. */
final class Questions {
    private final ConcurrentLinkedQueue<Runnable> asked = new ConcurrentLinkedQueue<>();
    private final Runnable wake;
    /** Set when nobody is there any more to answer. */
    private volatile boolean ended;

    /** @param wake has the event loop take another turn */
    Questions(Runnable wake) {
        this.wake = wake;
    }

    /** Any thread. */
    <T> CompletableFuture<T> ask(Supplier<T> question) {
        CompletableFuture<T> future = new CompletableFuture<>();
        asked.add(() -> {
            if (ended) {
                future.completeExceptionally(new IllegalStateException("the event loop has ended"));
                return;
            }
            try {
                future.complete(question.get());
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                future.completeExceptionally(e);
            } catch (Error e) {
                future.completeExceptionally(e);
                throw e; // it is the loop's matter as well
            }
        });
        if (ended) {
            answer(); // which comes to nothing but exceptions, on whatever thread
        } else {
            wake.run();
        }
        return future;
    }

    boolean isEmpty() {
        return asked.isEmpty();
    }

    /** Event loop's thread. */
    void answer() {
        for (Runnable task; (task = asked.poll()) != null; ) {
            task.run();
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
