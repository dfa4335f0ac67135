package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
        assertTrue(budget.take(464 * MIB - 1));
        String refused = assertThrows(IOException.class, () -> budget.another(63)).getMessage();
        assertTrue(refused.startsWith("63 regions are attached") && refused.contains("to 512 of 512 MiB: give the gateway more, as RINGFENCE_JAVA_OPTS=-Xmx1g"), refused);
    }

    @Test
    void tablesBecomeNoLongerThanTheHeapHasRoomFor() {
        assertTrue(budget.take(400 * MIB));
        assertFalse(budget.take(65 * MIB));
        assertTrue(budget.take(64 * MIB));
        assertFalse(budget.take(1));
    }

    @Test
    void whatARegionTookIsGivenBackWhenItGoes() {
        assertTrue(budget.take(460 * MIB));
        budget.attached(4 * MIB);
        assertFalse(budget.take(1));
        budget.detached(4 * MIB);
        assertTrue(budget.take(1));
    }

    @Test
    void theCollectorIsToldWhatIsInUseForGood() {
        HotSpotDiagnosticMXBean hotspot = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String before = hotspot.getVMOption("SoftMaxHeapSize").getValue();
        try {
            HeapBudget large = new HeapBudget(32768, 245_760, Runtime.getRuntime().maxMemory());
            large.take(20 * MIB);
            assertEquals(128 * MIB, Long.parseLong(hotspot.getVMOption("SoftMaxHeapSize").getValue()));
            large.take(40 * MIB);
            assertEquals(160 * MIB, Long.parseLong(hotspot.getVMOption("SoftMaxHeapSize").getValue()));
        } finally {
            hotspot.setVMOption("SoftMaxHeapSize", before);
        }
    }
}
