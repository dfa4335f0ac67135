package org.ringfence.gateway.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The lines that a program nobody trusts writes, however much it writes: long ones are cut, and of many in a second the rest is dropped and
 * counted. Takes no more memory than a line. One thread.
 */
final class BoundedLines {
    /** Of a line, without its end. */
    static final int LINE_BYTES = 4096;
    static final int LINES_PER_SECOND = 100;
    static final String CUT = " [cut after " + LINE_BYTES + " bytes]";
    private static final long SECOND = 1_000_000_000;

    private final InputStream input;
    private final Consumer<String> output;
    private final LongSupplier clock;

    private final byte[] line = new byte[LINE_BYTES];
    private int length;
    /** The line was passed on: what is left of it goes nowhere. */
    private boolean cut;

    private long secondBegan;
    private int inSecond;
    private long dropped;

    /**
     * @param output gets the lines, without control characters, and how many were dropped
     * @param clock nanoseconds, as {@link System#nanoTime()}
     */
    BoundedLines(InputStream input, Consumer<String> output, LongSupplier clock) {
        this.input = input;
        this.output = output;
        this.clock = clock;
        secondBegan = clock.getAsLong();
    }

    /** Passes lines on until the input ends. */
    void passAll() throws IOException {
        byte[] bytes = new byte[2 * LINE_BYTES];
        try {
            for (int count; (count = input.read(bytes)) >= 0; ) {
                for (int i = 0; i < count; i++) {
                    take(bytes[i]);
                }
            }
        } finally {
            if (length > 0) {
                pass("");
            }
            sayDropped();
        }
    }

    private void take(byte next) {
        if (next == '\n') {
            if (!cut) {
                pass("");
            }
            cut = false;
        } else if (!cut && length == LINE_BYTES) {
            cut = true; // it is said now: the end of the line may never come
            pass(CUT);
        } else if (!cut) {
            line[length++] = next;
        }
    }

    private void pass(String remark) {
        long now = clock.getAsLong();
        if (now - secondBegan >= SECOND) {
            secondBegan = now;
            inSecond = 0;
            sayDropped();
        }
        if (inSecond < LINES_PER_SECOND) {
            inSecond++;
            output.accept(text() + remark);
        } else {
            dropped++;
        }
        length = 0;
    }

    private void sayDropped() {
        if (dropped > 0) {
            output.accept("[" + dropped + " lines dropped: more than " + LINES_PER_SECOND + " in a second]");
            dropped = 0;
        }
    }

    private String text() {
        int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length; // a console ends its lines so
        // It goes to logs and terminals: no control characters.
        return new String(line, 0, end, StandardCharsets.UTF_8).replaceAll("[\\p{Cc}&&[^\\t]]", "?");
    }
}
