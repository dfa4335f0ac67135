package org.ringfence.api.handover;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Makes the first call of a newcomer without betting the caller's thread on it: on a thread of its own, for a bounded time. The caller waits,
 * so that the newcomer never runs beside what it is to replace.
 */
public final class Trial {
    /** So long a call may take that should take microseconds: classes are loaded. */
    public static final long MILLISECONDS = 1000;
    /** So long if it does not wait for anything: on a busy machine it may not have had the CPU. */
    public static final long RUNNABLE_MILLISECONDS = 10_000;

    /** What was wrong with the newcomer, in one line. */
    public static final class Failed extends Exception {
        private static final long serialVersionUID = 1;

        Failed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * @param what the call, as in "admit() of policy 'block'"
     * @throws Failed if it throws, or has not returned in time: its thread is interrupted and left alone
     */
    public static <T> T run(String what, Callable<T> call) throws Failed {
        FutureTask<T> task = new FutureTask<>(call);
        Thread thread = new Thread(task, "ringfence-trial");
        thread.setDaemon(true);
        long start = System.nanoTime();
        thread.start();
        try {
            try {
                return task.get(MILLISECONDS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (isWaiting(thread)) {
                    throw e;
                }
                return task.get(RUNNABLE_MILLISECONDS - MILLISECONDS, TimeUnit.MILLISECONDS);
            }
        } catch (ExecutionException e) {
            throw new Failed(what + " throws " + oneLine(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            thread.interrupt();
            throw new Failed(what + " has not returned after " + (System.nanoTime() - start) / 1_000_000 + " ms", null);
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
            throw new Failed(what + " was interrupted", e);
        }
    }

    private static boolean isWaiting(Thread thread) {
        Thread.State state = thread.getState();
        return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
    }

    /** An exception as one line: its class's name and the first line of its message. */
    public static String oneLine(Throwable e) {
        String message = e.getMessage() == null ? "" : e.getMessage().strip();
        int end = message.indexOf('\n');
        return e.getClass().getSimpleName() + (message.isEmpty() ? "" : ": " + (end < 0 ? message : message.substring(0, end)));
    }

    private Trial() {
    }
}
