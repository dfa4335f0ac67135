package org.ringfence.policy;

import java.util.Arrays;

/**
 * What is known of sources, in a bounded table of primitive values: 28 bytes each, in 64 segments that grow on their own, so that no growth
 * takes long. A full segment forgets, of the eight places a source can have, the one of least merit: without connections, few penalties,
 * unseen for the longest. Event loop only, but for {@link #counts}.
 */
final class SourceTable {
    static final int NONE = -1;
    private static final int WAYS = 8;
    private static final int SEGMENTS = 64;
    private static final int FIRST_PLACES = 64;
    private static final double AVERAGED_SECONDS = 10;
    private static final double PENALIZED_SECONDS = 60;
    /** So much of a penalty is worth handing over. */
    private static final double HANDED_OVER = 0.5;

    private final Segment[] segments = new Segment[SEGMENTS];
    private final int most;

    private static final class Segment {
        final long[] key;
        /** Less than 0 for one that has ended and not been counted yet. */
        final int[] open;
        /** Tenths of a second. */
        final int[] seen;
        /** Connections and requests, averages per second as of {@link #seen}. */
        final float[] connections;
        final float[] requests;
        final float[] penalties;

        Segment(int places) {
            key = new long[places];
            open = new int[places];
            seen = new int[places];
            connections = new float[places];
            requests = new float[places];
            penalties = new float[places];
        }
    }

    /** @param sources that are remembered, at most */
    SourceTable(int sources) {
        int places = FIRST_PLACES;
        while (places < sources / SEGMENTS) {
            places *= 2;
        }
        most = places;
        for (int i = 0; i < SEGMENTS; i++) {
            segments[i] = new Segment(Math.min(FIRST_PLACES, most));
        }
    }

    /** The key of the prefix an address is in: never 0. */
    static long key(byte[] address, int bits4, int bits6) {
        if (address.length == 4) {
            int value = (address[0] & 0xff) << 24 | (address[1] & 0xff) << 16 | (address[2] & 0xff) << 8 | address[3] & 0xff;
            int mask = bits4 == 0 ? 0 : -1 << 32 - bits4;
            return 4L << 48 | (long) bits4 << 32 | value & mask & 0xffffffffL;
        }
        long high = 0;
        for (int i = 0; i < 8; i++) {
            high = high << 8 | address[i] & 0xff;
        }
        long masked = high & -1L << 64 - bits6;
        return masked >>> 48 == 4 || masked == 0 ? masked ^ 5L << 48 : masked;
    }

    private static long mix(long key) {
        long h = key * 0x9e3779b97f4a7c15L;
        h ^= h >>> 32;
        return h * 0xd6e8feb86659fd93L;
    }

    /** The place of a source, made if there is none and {@code make}; {@link #NONE} otherwise. */
    int find(long key, boolean make, int now) {
        long h = mix(key);
        int s = (int) (h >>> 58);
        Segment segment = segments[s];
        int at = place(segment, key, h);
        if (at >= 0) {
            return s * most + at;
        }
        if (!make) {
            return NONE;
        }
        for (;;) {
            int victim = victim(segment, h, now);
            if (segment.key[victim] == 0 || segment.key.length >= most) {
                segment.key[victim] = key;
                segment.open[victim] = 0;
                segment.seen[victim] = now;
                segment.connections[victim] = 0;
                segment.requests[victim] = 0;
                segment.penalties[victim] = 0;
                return s * most + victim;
            }
            segment = grow(s);
        }
    }

    private static int first(Segment segment, long h) {
        return (int) (h >>> 20) & segment.key.length - WAYS;
    }

    private static int place(Segment segment, long key, long h) {
        int first = first(segment, h);
        for (int i = first; i < first + WAYS; i++) {
            if (segment.key[i] == key) {
                return i;
            }
        }
        return NONE;
    }

    private static int victim(Segment segment, long h, int now) {
        int first = first(segment, h);
        int victim = first;
        double least = Double.MAX_VALUE;
        for (int i = first; i < first + WAYS; i++) {
            if (segment.key[i] == 0) {
                return i;
            }
            double merit = segment.open[i] * 1000.0 + segment.penalties[i] * 100 + segment.connections[i] + segment.requests[i] - (now - segment.seen[i]) * 0.1;
            if (merit < least) {
                least = merit;
                victim = i;
            }
        }
        return victim;
    }

    private Segment grow(int s) {
        Segment old = segments[s];
        Segment larger = new Segment(old.key.length * 2);
        for (int i = 0; i < old.key.length; i++) {
            if (old.key[i] != 0) {
                int to = victim(larger, mix(old.key[i]), 0); // the old set's places go into two: there is room
                larger.key[to] = old.key[i];
                larger.open[to] = old.open[i];
                larger.seen[to] = old.seen[i];
                larger.connections[to] = old.connections[i];
                larger.requests[to] = old.requests[i];
                larger.penalties[to] = old.penalties[i];
            }
        }
        segments[s] = larger;
        return larger;
    }

    private Segment segment(int place) {
        return segments[place / most];
    }

    /** Lets the averages fade until now. */
    private void fade(Segment segment, int i, int now) {
        int passed = now - segment.seen[i];
        if (passed > 0) {
            float kept = (float) Math.exp(-passed / 10.0 / AVERAGED_SECONDS);
            segment.connections[i] *= kept;
            segment.requests[i] *= kept;
            segment.penalties[i] *= (float) Math.exp(-passed / 10.0 / PENALIZED_SECONDS);
            segment.seen[i] = now;
        }
    }

    void opened(int place, int now) {
        Segment segment = segment(place);
        int i = place % most;
        fade(segment, i, now);
        segment.open[i]++;
        segment.connections[i] += (float) (1 / AVERAGED_SECONDS);
    }

    /** @param owed whether the connection may be counted later, so that there may be less than none now */
    void closed(int place, boolean owed) {
        Segment segment = segment(place);
        int i = place % most;
        segment.open[i] = owed ? segment.open[i] - 1 : Math.max(0, segment.open[i] - 1);
    }

    /** All that was to be counted later is. */
    void endDebts() {
        for (Segment segment : segments) {
            for (int i = 0; i < segment.open.length; i++) {
                segment.open[i] = Math.max(0, segment.open[i]);
            }
        }
    }

    /** Who has connections or penalties, or does something each second. Any thread: one or the other may be of a moment ago. */
    SourceCounts counts(int now) {
        int size = 0;
        long[] keys = new long[FIRST_PLACES];
        int[] open = new int[FIRST_PLACES];
        float[][] rest = new float[3][FIRST_PLACES];
        for (Segment segment : segments) {
            for (int i = 0; i < segment.key.length; i++) {
                double passed = Math.max(0, now - segment.seen[i]) / 10.0;
                float kept = (float) Math.exp(-passed / AVERAGED_SECONDS);
                float penalties = segment.penalties[i] * (float) Math.exp(-passed / PENALIZED_SECONDS);
                if (segment.key[i] == 0 || segment.open[i] <= 0 && penalties < HANDED_OVER && Math.max(segment.connections[i], segment.requests[i]) * kept < 1) {
                    continue;
                }
                if (size == keys.length) {
                    keys = Arrays.copyOf(keys, 2 * size);
                    open = Arrays.copyOf(open, 2 * size);
                    rest = new float[][] {Arrays.copyOf(rest[0], 2 * size), Arrays.copyOf(rest[1], 2 * size), Arrays.copyOf(rest[2], 2 * size)};
                }
                keys[size] = segment.key[i];
                open[size] = segment.open[i];
                rest[0][size] = segment.connections[i] * kept;
                rest[1][size] = segment.requests[i] * kept;
                rest[2][size++] = penalties;
            }
        }
        return new SourceCounts(System.nanoTime(), Arrays.copyOf(keys, size), Arrays.copyOf(open, size), Arrays.copyOf(rest[0], size),
                Arrays.copyOf(rest[1], size), Arrays.copyOf(rest[2], size));
    }

    /** What was counted elsewhere is added. */
    void add(SourceCounts counts, int now) {
        int then = now - (int) ((System.nanoTime() - counts.at()) / 100_000_000);
        for (int k = 0; k < counts.size(); k++) {
            int place = find(counts.keys()[k], true, then);
            Segment segment = segment(place);
            int i = place % most;
            fade(segment, i, then);
            float kept = (float) Math.exp(-Math.max(0, segment.seen[i] - then) / 10.0 / AVERAGED_SECONDS);
            segment.open[i] += counts.open()[k];
            segment.connections[i] += counts.connections()[k] * kept;
            segment.requests[i] += counts.requests()[k] * kept;
            segment.penalties[i] += counts.penalties()[k];
        }
    }

    void requested(int place, int now) {
        Segment segment = segment(place);
        int i = place % most;
        fade(segment, i, now);
        segment.requests[i] += (float) (1 / AVERAGED_SECONDS);
    }

    /** A policy has found something; penalties fade in minutes. Returns how many there are now. */
    double penalize(int place, int now) {
        Segment segment = segment(place);
        int i = place % most;
        fade(segment, i, now);
        return ++segment.penalties[i];
    }

    int open(int place) {
        return segment(place).open[place % most];
    }

    double connectionRate(int place, int now) {
        fade(segment(place), place % most, now);
        return segment(place).connections[place % most];
    }

    double requestRate(int place, int now) {
        fade(segment(place), place % most, now);
        return segment(place).requests[place % most];
    }

    /** Bytes of the arrays. */
    long bytes() {
        long bytes = 0;
        for (Segment segment : segments) {
            bytes += segment.key.length * 28L;
        }
        return bytes;
    }

    /** Sources that are remembered. */
    int size() {
        int size = 0;
        for (Segment segment : segments) {
            for (long key : segment.key) {
                size += key == 0 ? 0 : 1;
            }
        }
        return size;
    }
}
