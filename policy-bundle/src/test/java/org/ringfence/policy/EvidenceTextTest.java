package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvidenceTextTest {
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.04, 0.05, 0.0004, 0.9995, 0.9994, 1, 9.96, 10.5, 0.125, 1234567.891, -3.25, 1e15})
    void numbersAreWrittenAsFormatWritesThem(double value) {
        String format = "%.0f, %.1f, %.2f and %.3f";
        assertEquals(String.format(Locale.ROOT, format, value, value, value, value), EvidenceText.of(format, value, value, value, value));
    }

    @Test
    void anyNumberIs() {
        Random random = new Random(11);
        for (int i = 0; i < 10_000; i++) {
            double value = random.nextInt(1_000_000) / 997.0;
            assertEquals(String.format(Locale.ROOT, "%.1f s, %.3f s", value, value), EvidenceText.of("%.1f s, %.3f s", value, value));
        }
    }

    @Test
    void wholeNumbersAndTextsAreWrittenAsTheyAre() {
        assertEquals("118 B of request head, -5; it is held", EvidenceText.of("%d B of %s, %d%s", 118L, "request head", -5, "; it is held"));
    }

    @Test
    void whatIsNoNumberIsSaid() {
        assertEquals("NaN Infinity", EvidenceText.of("%.1f %.0f", Double.NaN, Double.POSITIVE_INFINITY));
    }

    @Test
    void otherSpecifiersAndMissingValuesAreErrors() {
        assertThrows(IllegalArgumentException.class, () -> EvidenceText.of("%x", 1));
        assertThrows(IllegalArgumentException.class, () -> EvidenceText.of("%.4f", 1.0));
        assertThrows(IllegalArgumentException.class, () -> EvidenceText.of("100 %", 1));
        assertThrows(IllegalArgumentException.class, () -> EvidenceText.of("%d and %d", 1));
    }
}
