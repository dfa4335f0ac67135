package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** How many regions a heap has room for. */
class HeapBudgetTest {
    private static final long MIB = 1 << 20;
    private final HeapBudget budget = new HeapBudget(32768, 245_760, 512 * MIB);

    @Test
    void aRegionThatWouldFillTheHeapIsRefusedWithARemedy() {
        assertDoesNotThrow(() -> budget.another(50));
        String refused = assertThrows(IOException.class, () -> budget.another(63)).getMessage();
        assertTrue(refused.contains("of 512 MiB: give the gateway more, as RINGFENCE_JAVA_OPTS=-Xmx1g"), refused);
    }

    @Test
    void smallRegionsFitInLargeNumbers() {
        assertDoesNotThrow(() -> new HeapBudget(1024, 4096, 512 * MIB).another(1000));
    }

    @Test
    void theCollectorIsToldWhatIsInUseForGood() {
        HotSpotDiagnosticMXBean hotspot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String before = hotspot.getVMOption("SoftMaxHeapSize").getValue();
        try {
            HeapBudget large = new HeapBudget(32768, 245_760, Runtime.getRuntime().maxMemory());
            large.holds(1);
            assertEquals(128 * MIB, Long.parseLong(hotspot.getVMOption("SoftMaxHeapSize").getValue()));
            large.holds(10);
            assertTrue(Long.parseLong(hotspot.getVMOption("SoftMaxHeapSize").getValue()) > 160 * MIB);
        } finally {
            hotspot.setVMOption("SoftMaxHeapSize", before);
        }
    }
}
