package org.ringfence.policy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.api.policy.PolicyEventListener;
import org.ringfence.api.policy.Stack;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The decisions of the chain. Made on the event loop, which only appends to a bounded queue; a thread of its own keeps the last ones,
 * logs them and tells listeners. Decisions alike, on one source within a second, are one event that says how many.
 */
final class PolicyEvents implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("org.ringfence.policy.events");
    private static final int KEPT = 1024;
    private static final int QUEUED = 1024;
    private static final int SOURCES = 1024;
    /** The first compiler takes what was called so often. */
    private static final int REHEARSALS = 250;
    private static final long FOLD_NANOSECONDS = 1_000_000_000;

    private static final class Folded {
        long since;
        int repeated;
    }

    private final ArrayBlockingQueue<PolicyEvent> queue = new ArrayBlockingQueue<>(QUEUED);
    private final ArrayDeque<PolicyEvent> kept = new ArrayDeque<>();
    private final List<PolicyEventListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong lost = new AtomicLong();
    private final Thread thread = new Thread(this, "ringfence-policy-events");
    /** Event loop only. */
    private final Map<String, Folded> folded = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Folded> eldest) {
            return size() > SOURCES;
        }
    };
    private long sequence;
    private volatile boolean stopped;

    void start() {
        thread.setDaemon(true);
        thread.start();
    }

    void stop() {
        stopped = true; // a listener, or the log, may take the interrupt for its own
        thread.interrupt();
    }

    void add(PolicyEventListener listener) {
        listeners.add(listener);
    }

    void remove(PolicyEventListener listener) {
        listeners.remove(listener);
    }

    /** Event loop. */
    void decided(Connection connection, String policy, Measure measure, boolean enforced, String evidence) {
        String source = Sources.text(connection.peerAddress());
        long now = System.nanoTime();
        Folded same = folded.computeIfAbsent(policy + ' ' + measure + ' ' + source, key -> new Folded());
        if (same.since != 0 && now - same.since < FOLD_NANOSECONDS) {
            same.repeated++;
            return;
        }
        int repeated = same.repeated;
        same.since = now;
        same.repeated = 0;
        tellSoon(new PolicyEvent(++sequence, System.currentTimeMillis(), connection.id(), connection.application(),
                connection.localPort(), source, policy, measure, enforced, evidence, repeated));
    }

    /** Event loop. */
    void found(Stack stack, String policy, String evidence) {
        tellSoon(new PolicyEvent(++sequence, System.currentTimeMillis(), 0, stack.ins(), 0, "many", policy, Measure.NOTE, true, evidence, 0));
    }

    private void tellSoon(PolicyEvent event) {
        if (!queue.offer(event)) {
            lost.incrementAndGet();
        }
    }

    /**
     * Has loaded and compiled what puts a finding into words. On the event loop the first one would take some 60 ms, and each of the next
     * hundred ten times as long as later ones: in the first second of an attack.
     */
    private static void rehearse() {
        byte[] address = new byte[4];
        for (int i = 0; i < REHEARSALS; i++) {
            address[3] = (byte) i;
            Detector.text("%s: %d B in %.1f s%s", Sources.text(address), i, i / 10.0, Detector.text(", normal here %.3f s", i / 1e3));
        }
        Sources.text(new byte[16]);
    }

    @Override
    public void run() {
        rehearse();
        try {
            while (!stopped) {
                tell(queue.take());
            }
        } catch (InterruptedException e) {
            // the bundle stops
        }
    }

    private void tell(PolicyEvent event) {
        synchronized (kept) {
            if (kept.size() == KEPT) {
                kept.removeFirst();
            }
            kept.addLast(event);
        }
        LOG.info("{}: {}: {}{}: {} (connection {}, {}:{}{})", event.source(), event.policy(), event.measure().name().toLowerCase(java.util.Locale.ROOT),
                event.enforced() ? "" : " (only observed)", event.evidence(), event.connection(), event.application(), event.port(),
                event.repeated() == 0 ? "" : ", and " + event.repeated() + " alike before");
        long missed = lost.getAndSet(0);
        if (missed > 0) {
            LOG.warn("{} further decisions came too fast to be told one by one", missed);
        }
        for (PolicyEventListener listener : listeners) {
            try {
                listener.decided(event);
            } catch (RuntimeException | LinkageError e) {
                LOG.error("listener {} threw at event {}", listener.getClass().getName(), event.sequence(), e);
            }
        }
    }

    /** The last events, oldest first. Any thread. */
    List<PolicyEvent> last(int limit) {
        synchronized (kept) {
            List<PolicyEvent> all = new ArrayList<>(kept);
            return List.copyOf(all.subList(Math.max(0, all.size() - limit), all.size()));
        }
    }
}
