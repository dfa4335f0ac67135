package org.ringfence.shell.text;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers with units, as people read and write them. */
public final class Units {
    private static final String[] BINARY = {"", "K", "M", "G", "T", "P"};
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)?");

    private Units() {
    }

    /** Bytes in three digits or four: {@code 917}, {@code 1.5K}, {@code 23M}; K is 1024. */
    public static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < BINARY.length - 1) {
            value /= 1024;
            unit++;
        }
        return (unit == 0 || value >= 9.95 ? Long.toString(Math.round(value)) : String.format(Locale.ROOT, "%.1f", value)) + BINARY[unit];
    }

    /** A time span of milliseconds: {@code 12ms}, {@code 3.4s}, {@code 5m07s}, {@code 2h03m}, {@code 9d11h}. */
    public static String span(long milliseconds) {
        long seconds = milliseconds / 1000;
        if (milliseconds < 1000) {
            return milliseconds + "ms";
        }
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1fs", Math.floor(milliseconds / 100.0) / 10);
        }
        if (seconds < 3600) {
            return String.format(Locale.ROOT, "%dm%02ds", seconds / 60, seconds % 60);
        }
        if (seconds < 86_400) {
            return String.format(Locale.ROOT, "%dh%02dm", seconds / 3600, seconds / 60 % 60);
        }
        return String.format(Locale.ROOT, "%dd%02dh", seconds / 86_400, seconds / 3600 % 24);
    }

    /** Nanoseconds in three digits: {@code 480ns}, {@code 12.3us}, {@code 1.07ms}, {@code 2.50s}. */
    public static String nanoseconds(long nanoseconds) {
        if (nanoseconds < 1000) {
            return nanoseconds + "ns";
        }
        double value = nanoseconds / 1000.0;
        String unit = "us";
        if (value >= 1000) {
            value /= 1000;
            unit = "ms";
        }
        if (value >= 1000) {
            value /= 1000;
            unit = "s";
        }
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value) + unit;
    }

    /**
     * Reads a time span: a number with ms, s, m, h or d; without a unit it is seconds.
     *
     * @return milliseconds
     * @throws IllegalArgumentException if it is none
     */
    public static long parseSpan(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no time span: write it like 500ms, 30s, 10m, 2h or 7d");
        }
        long number = Long.parseLong(matcher.group(1));
        return number * switch (matcher.group(2) == null ? "s" : matcher.group(2)) {
            case "ms" -> 1L;
            case "s" -> 1000L;
            case "m" -> 60_000L;
            case "h" -> 3_600_000L;
            default -> 86_400_000L;
        };
    }
}
