package org.ringfence.gateway.internal;

import java.lang.management.ManagementFactory;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * Has garbage collected that a collector would leave until it needs the room, so that memory goes back within seconds of what used it; and no oftener than
 * there is some, since a collection goes through all that connections have while they have nothing to do. Looks every ten seconds, from a thread
 * of its own. Only with Shenandoah, which collects beside the event loop when it is asked to.
 */
@Component(service = {}, immediate = true)
public final class HeapCare {
    private static final int PERIOD_SECONDS = 10;
    /** More than the threads take for themselves at once, a region of the heap each. */
    private static final long WORTH_BYTES = 4 << 20;

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "ringfence-heap");
        thread.setDaemon(true);
        return thread;
    });
    private final LongSupplier used;
    private final Runnable collect;
    /** Bytes in use behind the last collection. */
    private long left;
    private boolean again;

    @Activate
    public HeapCare() {
        this(() -> ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(), System::gc);
        if (ManagementFactory.getGarbageCollectorMXBeans().stream().anyMatch(collector -> collector.getName().startsWith("Shenandoah"))) {
            clock.scheduleWithFixedDelay(this::look, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** @param used bytes of the heap, garbage among them */
    HeapCare(LongSupplier used, Runnable collect) {
        this.used = used;
        this.collect = collect;
    }

    @Deactivate
    void deactivate() {
        clock.shutdownNow();
    }

    /** A collection is followed by another one: what was referred to softly is garbage then. */
    void look() {
        boolean worth = used.getAsLong() - left >= WORTH_BYTES;
        if (worth || again) {
            collect.run();
            left = used.getAsLong();
            again = worth;
        }
    }
}
