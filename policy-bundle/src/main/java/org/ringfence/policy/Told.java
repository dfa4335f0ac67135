package org.ringfence.policy;

/**
 * What each detector has last said of a connection, while that lives: a mark of four bits for each detector, by the connection's number. Primitive values in 64
 * segments that grow on their own, so that no growth takes long; no more connections than {@link #MOST}, of which a full segment forgets one for the next.
 * Event loop only.
 */
final class Told {
    /** Sixteen bytes each, in places of which half are free. */
    static final int MOST = 1 << 19;
    static final int DETECTORS = 16;
    private static final int SEGMENTS = 64;
    private static final int FIRST_PLACES = 16;
    private static final int MOST_PLACES = 2 * MOST / SEGMENTS;
    private static final int BITS = 4;
    private static final long MIX = 0x9E3779B97F4A7C15L; // 2^64 by the golden ratio: Knuth's multiplicative hashing

    /** Open addressing: a connection is at the place of its hash, or at the next ones that were taken; no number is 0. */
    private static final class Segment {
        final long[] ids;
        final long[] marks;
        int size;

        Segment(int places) {
            ids = new long[places];
            marks = new long[places];
        }

        int first(long id) {
            return (int) (id * MIX >>> 20) & ids.length - 1;
        }

        /** Where the connection is, or could be. */
        int place(long id) {
            int at = first(id);
            while (ids[at] != 0 && ids[at] != id) {
                at = at + 1 & ids.length - 1;
            }
            return at;
        }

        void add(int at, long id, long mark) {
            ids[at] = id;
            marks[at] = mark;
            size++;
        }

        /** Those behind it that it kept from their places move up. */
        void remove(int place) {
            int free = place;
            int at = free;
            size--;
            for (;;) {
                at = at + 1 & ids.length - 1;
                if (ids[at] == 0) {
                    ids[free] = 0;
                    return;
                }
                int first = first(ids[at]);
                if ((at - first & ids.length - 1) >= (at - free & ids.length - 1)) {
                    ids[free] = ids[at];
                    marks[free] = marks[at];
                    free = at;
                }
            }
        }
    }

    private final Segment[] segments = new Segment[SEGMENTS];

    Told() {
        for (int i = 0; i < SEGMENTS; i++) {
            segments[i] = new Segment(FIRST_PLACES);
        }
    }

    private static int segment(long id) {
        return (int) (id * MIX >>> 58);
    }

    /** A detector's mark of a connection; 0 if it has none. */
    int get(long id, int detector) {
        Segment segment = segments[segment(id)];
        int at = segment.place(id);
        return segment.ids[at] == 0 ? 0 : (int) (segment.marks[at] >>> detector * BITS) & (1 << BITS) - 1;
    }

    /**
     * @param id not 0
     * @param mark 1 to 15
     */
    void put(long id, int detector, int mark) {
        int s = segment(id);
        Segment segment = segments[s];
        int at = segment.place(id);
        if (segment.ids[at] == 0) {
            segment = withRoom(s, id);
            at = segment.place(id);
            segment.add(at, id, 0);
        }
        long mask = (1L << BITS) - 1 << detector * BITS;
        segment.marks[at] = segment.marks[at] & ~mask | (long) mark << detector * BITS;
    }

    private Segment withRoom(int s, long id) {
        Segment segment = segments[s];
        if (segment.size < segment.ids.length / 2) {
            return segment;
        }
        if (segment.ids.length >= MOST_PLACES) {
            int victim = segment.first(id);
            while (segment.ids[victim] == 0) {
                victim = victim + 1 & segment.ids.length - 1;
            }
            segment.remove(victim);
            return segment;
        }
        Segment larger = new Segment(2 * segment.ids.length);
        for (int i = 0; i < segment.ids.length; i++) {
            if (segment.ids[i] != 0) {
                larger.add(larger.place(segment.ids[i]), segment.ids[i], segment.marks[i]);
            }
        }
        segments[s] = larger;
        return larger;
    }

    /** The connection has ended. */
    void forget(long id) {
        Segment segment = segments[segment(id)];
        int at = segment.place(id);
        if (segment.ids[at] != 0) {
            segment.remove(at);
        }
    }

    /** Connections that something was said of. */
    int size() {
        int size = 0;
        for (Segment segment : segments) {
            size += segment.size;
        }
        return size;
    }
}
