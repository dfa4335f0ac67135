package org.ringfence.gateway.internal;

import java.util.Arrays;

/**
 * How many held connections and bytes each source has of those that are counted: an IPv4 address, or the first 64 bits of an IPv6 address, which is
 * what one customer is given (RFC 6177). A hash table with open addressing, as large as the largest count needed; nothing is kept between two
 * counts. Event loop's thread only.
 */
final class HeldSources {
    private static final int SMALLEST = 1 << 10;
    /** Above an IPv4 address: no IPv6 source begins so, which is a multicast address (RFC 4291). */
    private static final long IPV4 = 0xffffffffL << Integer.SIZE;

    /** Another one in each gateway, so that nobody outside knows which sources share a place. */
    private final long factor = new java.security.SecureRandom().nextLong() | 1;
    private long[] keys = {};
    private boolean[] taken = {};
    private int[] connections = {};
    private long[] bytes = {};

    /** Begins anew, for so many connections at most. */
    void begin(int most) {
        int size = Math.max(SMALLEST, Integer.highestOneBit(Math.max(1, most)) << 2); // half full at most
        if (keys.length < size) {
            keys = new long[size];
            taken = new boolean[size];
            connections = new int[size];
            bytes = new long[size];
        } else {
            Arrays.fill(taken, false);
            Arrays.fill(connections, 0);
            Arrays.fill(bytes, 0);
        }
    }

    void add(byte[] address, long held) {
        int at = place(address);
        connections[at]++;
        bytes[at] += held;
    }

    void remove(byte[] address, long held) {
        int at = place(address);
        connections[at]--;
        bytes[at] -= held;
    }

    int connections(byte[] address) {
        return connections[place(address)];
    }

    long bytes(byte[] address) {
        return bytes[place(address)];
    }

    /** Where the source is, or is to be. */
    private int place(byte[] address) {
        long key = key(address);
        int at = (int) (key * factor >>> 32) & keys.length - 1;
        while (taken[at] && keys[at] != key) {
            at = at + 1 & keys.length - 1;
        }
        taken[at] = true;
        keys[at] = key;
        return at;
    }

    private static long key(byte[] address) {
        long key = address.length == Integer.BYTES ? IPV4 >>> Integer.SIZE : 0;
        for (int i = 0; i < Math.min(address.length, Long.BYTES); i++) {
            key = key << Byte.SIZE | address[i] & 0xff;
        }
        return key;
    }
}
