package org.ringfence.gateway.internal;

/** Counts what a Range field asks for (RFC 9110, 14.2), byte by byte: its ranges, and those of them that overlap one before. */
final class RangeField {
    private static final long FAR = 1L << 60;

    private long start;
    private long end;
    private boolean inEnd;
    private boolean digits;
    private long farthest;
    private int ranges;
    private int overlaps;

    /** Another message begins. */
    void begin() {
        ranges = 0;
        overlaps = 0;
        farthest = -1;
        beginRange();
    }

    /** Another range, or another field of the same name, begins. */
    void beginRange() {
        digits = false;
        start = -1;
        end = -1;
        inEnd = false;
    }

    /** One byte of the field's value. */
    void read(int c) {
        if (c == ',') {
            endRange();
        } else if (c == '-') {
            inEnd = true;
            digits = true;
        } else if (c >= '0' && c <= '9') {
            digits = true;
            if (inEnd) {
                end = further(end, c);
            } else {
                start = further(start, c);
            }
        }
    }

    private static long further(long number, int digit) {
        return number >= FAR / 10 ? FAR : Math.max(number, 0) * 10 + (digit - '0');
    }

    /** The range, and perhaps the field, is over. */
    void endRange() {
        if (digits) {
            ranges++;
            long last = start < 0 ? -1 : end < 0 ? FAR : end;
            if (start >= 0 && start <= farthest) { // where "-5" begins depends on what is served
                overlaps++;
            }
            farthest = Math.max(farthest, last);
        }
        beginRange();
    }

    int ranges() {
        return ranges;
    }

    int overlaps() {
        return overlaps;
    }
}
