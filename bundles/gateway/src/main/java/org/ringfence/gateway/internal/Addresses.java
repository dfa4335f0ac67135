package org.ringfence.gateway.internal;

import java.util.Arrays;

/**
 * Linux socket addresses as they lie in slots and payloads.
 *
 * <pre>
 * sockaddr_in   0 family u16 (host order) | 2 port u16 (network order) | 4 address[4] | 8 zero[8]
 * sockaddr_in6  0 family u16 | 2 port u16 | 4 flowinfo u32 | 8 address[16] | 24 scope_id u32
 * </pre>
 */
final class Addresses {
    static final int AF_UNSPEC = 0;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int IN_BYTES = 16;
    static final int IN6_BYTES = 28;

    static int family(byte[] address, int at, int length) {
        return length < 2 ? 0 : (address[at] & 0xff) | (address[at + 1] & 0xff) << 8;
    }

    /** Makes the unspecified address the loopback's: who connects to it means, on Linux, the host itself. */
    static void anyIsLoopback(byte[] address, int length) {
        int family = family(address, 0, length);
        if (family == AF_INET && length >= 8 && isZero(address, 4, 8)) {
            address[4] = 127;
            address[7] = 1;
        } else if (family == AF_INET6 && length >= 24 && isZero(address, 8, 24)) {
            address[23] = 1;
        } else if (family == AF_INET6 && length >= 24 && isMapped(address, 8) && isZero(address, 20, 24)) {
            address[20] = 127;
            address[23] = 1;
        }
    }

    /** Writes the address that means all, with a port, and returns its length. */
    static int any(int family, int port, byte[] into) {
        Arrays.fill(into, (byte) 0);
        into[0] = (byte) family;
        setPort(into, port);
        return family == AF_INET6 ? IN6_BYTES : IN_BYTES;
    }

    private static boolean isZero(byte[] address, int from, int to) {
        for (int i = from; i < to; i++) {
            if (address[i] != 0) {
                return false;
            }
        }
        return true;
    }

    static int port(byte[] address, int at, int length) {
        return length < 4 ? 0 : (address[at + 2] & 0xff) << 8 | address[at + 3] & 0xff;
    }

    static void setPort(byte[] address, int port) {
        address[2] = (byte) (port >> 8);
        address[3] = (byte) port;
    }

    /** Copies the address part, a mapped one as IPv4, into an array of 4 or 16 bytes: {@code former}, if that is of the right length. */
    static byte[] copy(byte[] address, int at, int length, byte[] former) {
        boolean six = family(address, at, length) == AF_INET6 && length >= IN6_BYTES;
        if (six && !isMapped(address, at + 8)) {
            return copy(address, at + 8, former.length == 16 ? former : new byte[16]);
        }
        byte[] four = former.length == 4 ? former : new byte[4];
        if (six || length >= IN_BYTES) {
            return copy(address, six ? at + 20 : at + 4, four);
        }
        Arrays.fill(four, (byte) 0);
        return four;
    }

    private static byte[] copy(byte[] from, int at, byte[] into) {
        System.arraycopy(from, at, into, 0, into.length);
        return into;
    }

    /** Bytes of an address that name its peer: 16 or 28, or 0 if it is none of the internet. */
    static int peerLength(byte[] address, int length) {
        int family = family(address, 0, length);
        return family == AF_INET && length >= IN_BYTES ? IN_BYTES : family == AF_INET6 && length >= IN6_BYTES ? IN6_BYTES : 0;
    }

    static boolean same(byte[] one, byte[] other, int length) {
        return Arrays.equals(one, 0, length, other, 0, length);
    }

    private static boolean isMapped(byte[] address, int at) {
        for (int i = 0; i < 10; i++) {
            if (address[at + i] != 0) {
                return false;
            }
        }
        return address[at + 10] == -1 && address[at + 11] == -1;
    }

    static String text(byte[] address, int at, int length) {
        int family = family(address, at, length);
        if (family != AF_INET && family != AF_INET6) {
            return length == 0 ? "" : "family " + family;
        }
        return text(copy(address, at, length, new byte[4]), port(address, at, length));
    }

    static String text(byte[] raw, int port) {
        return (raw.length == 16 ? "[" + host(raw) + "]" : host(raw)) + ":" + port;
    }

    /** 4 bytes as {@code 192.0.2.7}; 16 as {@code 2001:db8::7}, with the longest row of two or more zeros left out (RFC 5952). */
    static String host(byte[] raw) {
        if (raw.length == 4) {
            return (raw[0] & 0xff) + "." + (raw[1] & 0xff) + "." + (raw[2] & 0xff) + "." + (raw[3] & 0xff);
        }
        if (isMapped(raw, 0)) {
            return "::ffff:" + host(Arrays.copyOfRange(raw, 12, 16));
        }
        int gap = 0;
        int zeros = 1;
        for (int from = 0, to; from < 8; from = to + 1) {
            for (to = from; to < 8 && group(raw, to) == 0; to++) { }
            if (to - from > zeros) {
                gap = from;
                zeros = to - from;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (zeros > 1 && i == gap) {
                text.append("::");
                i += zeros - 1;
            } else {
                text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":").append(Integer.toHexString(group(raw, i)));
            }
        }
        return text.toString();
    }

    private static int group(byte[] raw, int index) {
        return (raw[2 * index] & 0xff) << 8 | raw[2 * index + 1] & 0xff;
    }

    private Addresses() {
    }
}
