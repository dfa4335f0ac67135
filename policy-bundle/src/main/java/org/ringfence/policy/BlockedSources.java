package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Prefixes that other policies want blocked, on their way into the list. A list is arranged anew for each change, in a time that grows with its length: so
 * the event loop leaves them here, and a thread that there is while there are any takes as many as have come and then rests for longer than it worked.
 */
final class BlockedSources implements AutoCloseable {
    /** More at once are left out; they are found again. */
    private static final int MOST = 4096;
    private static final int REST = 4;
    private static final long LONGEST_REST_NANOSECONDS = 1_000_000_000;

    private final ArrayBlockingQueue<String> prefixes = new ArrayBlockingQueue<>(MOST);
    private final AtomicBoolean asked = new AtomicBoolean();
    private final Consumer<List<String>> list;
    private final ThreadPoolExecutor thread = new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
        Thread worker = new Thread(work, "ringfence-blocks");
        worker.setDaemon(true);
        return worker;
    }, new ThreadPoolExecutor.DiscardPolicy()); // of what comes after the end

    /** @param list has prefixes put into it, in any thread but the event loop's */
    BlockedSources(Consumer<List<String>> list) {
        this.list = list;
    }

    /** Does not wait for anything. */
    void add(String prefix) {
        if (prefixes.offer(prefix) && asked.compareAndSet(false, true)) {
            thread.execute(this::pass);
        }
    }

    private void pass() {
        asked.set(false);
        long begun = System.nanoTime();
        passAll();
        try {
            TimeUnit.NANOSECONDS.sleep(Math.min(LONGEST_REST_NANOSECONDS, (System.nanoTime() - begun) * REST));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void passAll() {
        List<String> batch = new ArrayList<>();
        prefixes.drainTo(batch);
        if (!batch.isEmpty()) {
            list.accept(batch);
        }
    }

    /** What has come by now is in the list when this returns; nothing comes later. */
    @Override
    public void close() {
        thread.shutdownNow();
        try {
            thread.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        passAll();
    }
}
