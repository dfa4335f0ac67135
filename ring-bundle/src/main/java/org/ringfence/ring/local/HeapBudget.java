package org.ringfence.ring.local;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.region.Tables;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the tables of regions take of the JVM's heap. A region for which there is no room is refused, and so is a slot for which a table would have to grow,
 * before the heap is full and the gateway ends; and the collector is told how much is in use for good, below which it lets the heap become no larger. Event
 * loop's thread only.
 */
final class HeapBudget {
    private static final Logger LOG = LoggerFactory.getLogger(HeapBudget.class);
    private static final String REMEDY = "give the gateway more, as RINGFENCE_JAVA_OPTS=-Xmx1g, or its regions fewer slots and smaller pools";
    /** The platform, the bundles, and the tables of connections, sources and events. */
    private static final long OTHERS_BYTES = 48 << 20;
    /** So large the heap may become while tables take no more than their share of it. */
    private static final long SOFT_BYTES = 128 << 20;
    private static final long SHARE_BYTES = 28 << 20;

    private final long most;
    private final long first;
    private long taken;
    /** As the collector was told last. */
    private long soft;
    /** It was said that there is no room, and nothing was given back since. */
    private boolean said;

    HeapBudget(LocalTransport.Config config) {
        this(config.slots(), (int) (((long) config.pool_mebibytes() << 20) / Grant.PAGE_BYTES), Runtime.getRuntime().maxMemory());
    }

    /** @param most bytes that the heap may become */
    HeapBudget(int slots, int pages, long most) {
        this.most = most;
        first = Tables.firstBytes(slots, pages);
    }

    /** @throws IOException if there is no room for another region beside those that are attached, saying what to do */
    void another(int attached) throws IOException {
        if (!hasRoom(first)) {
            throw new IOException(attached + " regions are attached, and another one would take the heap to " + (OTHERS_BYTES + taken + first >> 20)
                    + " of " + (most >> 20) + " MiB: " + REMEDY);
        }
    }

    /** Tables of a region that is attached are to become longer by so many bytes; false if there is no room for that. */
    boolean take(long bytes) {
        if (!hasRoom(bytes)) {
            if (!said) {
                said = true;
                LOG.warn("tables of sockets and rings take {} of {} MiB of the heap, and can become no longer; sockets beyond them are refused: {}",
                        taken >> 20, most >> 20, REMEDY);
            }
            return false;
        }
        changed(bytes);
        return true;
    }

    /** A region with tables of so many bytes is attached. */
    void attached(long bytes) {
        changed(bytes);
    }

    /** And has gone. */
    void detached(long bytes) {
        said = false;
        changed(-bytes);
    }

    private boolean hasRoom(long bytes) {
        return OTHERS_BYTES + taken + bytes <= most;
    }

    private void changed(long bytes) {
        taken += bytes;
        long now = Math.min(most, SOFT_BYTES + Math.max(0, taken - SHARE_BYTES));
        if (now != soft) {
            soft = now;
            tell(now);
        }
    }

    private static void tell(long soft) {
        try {
            ManagementFactory.getPlatformMBeanServer().invoke(new ObjectName("com.sun.management:type=HotSpotDiagnostic"), "setVMOption",
                    new Object[] {"SoftMaxHeapSize", Long.toString(soft)}, new String[] {"java.lang.String", "java.lang.String"});
        } catch (JMException | RuntimeException e) {
            LOG.debug("the heap is as large as its collector likes: {}", e.getMessage());
        }
    }
}
