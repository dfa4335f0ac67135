package org.ringfence.policy;

/**
 * Texts of evidence, for each of a thousand connections a second where a thousand misbehave: {@link String#format} takes 30 µs for one, which others
 * wait for, and this takes one.
 */
final class EvidenceText {
    private static final long[] POWERS = {1, 10, 100, 1000};

    private EvidenceText() {
    }

    /**
     * As {@link String#format}, in no language's notation.
     *
     * @param format with {@code %d}, {@code %s}, and {@code %.0f} to {@code %.3f}
     * @throws IllegalArgumentException for another specifier, or too few values
     */
    static String of(String format, Object... values) {
        StringBuilder text = new StringBuilder(format.length() + 32);
        int next = 0;
        for (int at = 0; at < format.length(); at++) {
            char c = format.charAt(at);
            if (c != '%') {
                text.append(c);
                continue;
            }
            int kind = at + 1 < format.length() ? format.charAt(at + 1) : 0;
            if (next >= values.length) {
                throw new IllegalArgumentException("'" + format + "' has more specifiers than the " + values.length + " values");
            }
            Object value = values[next++];
            int digits = kind == '.' && at + 3 < format.length() && format.charAt(at + 3) == 'f' ? format.charAt(at + 2) - '0' : -1;
            if (kind == 'd') {
                text.append(((Number) value).longValue());
                at++;
            } else if (kind == 's') {
                text.append(value);
                at++;
            } else if (digits >= 0 && digits < POWERS.length) {
                append(text, ((Number) value).doubleValue(), digits);
                at += 3;
            } else {
                throw new IllegalArgumentException("'" + format + "', at " + at + ": only %d, %s and %.0f to %.3f are known");
            }
        }
        return text.toString();
    }

    private static void append(StringBuilder text, double value, int digits) {
        double scaled = Math.abs(value) * POWERS[digits];
        if (!(scaled < Long.MAX_VALUE)) {
            text.append(value);
            return;
        }
        long rounded = Math.round(scaled);
        text.append(value < 0 ? "-" : "").append(rounded / POWERS[digits]);
        if (digits > 0) {
            text.append('.');
            long rest = rounded % POWERS[digits];
            for (int place = digits - 1; place > 0 && rest < POWERS[place]; place--) {
                text.append('0');
            }
            text.append(rest);
        }
    }
}
