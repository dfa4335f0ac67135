package org.ringfence.ring.local;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import org.ringfence.ring.layout.Grant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the tables of regions take of the JVM's heap. A region for which there is no room is refused, before the heap is full and the gateway ends; and
 * the collector is told how much is in use for good, below which it lets the heap become no larger. Event loop's thread only.
 */
final class HeapBudget {
    private static final Logger LOG = LoggerFactory.getLogger(HeapBudget.class);
    /** The platform, the bundles, and the tables of connections, sources and events. */
    private static final long OTHERS_BYTES = 48 << 20;
    /** So large the heap may become while few regions are attached. */
    private static final long SOFT_BYTES = 128 << 20;
    private static final int FEW = 4;
    /** Bytes of the gateway's own arrays for each slot, and for each page of the pool: counted, and rounded up. */
    private static final int SLOT_BYTES = 160;
    private static final int PAGE_BYTES = 10;

    private final long most;
    private final long region;

    HeapBudget(LocalTransport.Config config) {
        this(config.slots(), (int) (((long) config.pool_mebibytes() << 20) / Grant.PAGE_BYTES), Runtime.getRuntime().maxMemory());
    }

    /** @param most bytes that the heap may become */
    HeapBudget(int slots, int pages, long most) {
        this.most = most;
        region = (long) slots * SLOT_BYTES + (long) pages * PAGE_BYTES;
    }

    /** @throws IOException if so many regions and another one do not fit, saying what to do */
    void another(int regions) throws IOException {
        long wanted = OTHERS_BYTES + (regions + 1) * region;
        if (wanted > most) {
            throw new IOException(regions + " regions are attached, and another one would take the heap to " + (wanted >> 20) + " of " + (most >> 20)
                    + " MiB: give the gateway more, as RINGFENCE_JAVA_OPTS=-Xmx1g, or its regions fewer slots and smaller pools");
        }
    }

    /** So many regions are attached. */
    void holds(int regions) {
        long soft = Math.min(most, SOFT_BYTES + Math.max(0, regions - FEW) * region);
        try {
            ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("com.sun.management:type=HotSpotDiagnostic"), "setVMOption",
                    new Object[] {"SoftMaxHeapSize", Long.toString(soft)}, new String[] {"java.lang.String", "java.lang.String"});
        } catch (JMException | RuntimeException e) {
            LOG.debug("the heap is as large as its collector likes: {}", e.getMessage());
        }
    }
}
