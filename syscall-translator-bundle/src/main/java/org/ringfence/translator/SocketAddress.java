package org.ringfence.translator;

/**
 * Internet socket addresses in byte arrays, in both layouts.
 *
 * <pre>
 *          0      1       2     4                8              24        28
 * Linux    family (u16)   port  IPv4 address     (zero, to 16)
 *          family (u16)   port  flow information IPv6 address   scope id
 * NetBSD   length family  port  ... the same from here on
 * </pre>
 */
final class SocketAddress {
    static final int IPV4_LENGTH = 16;
    static final int IPV6_LENGTH = 28;
    private static final int LEAST = 2;

    static final int AF_UNSPEC = 0;
    static final int AF_INET = 2;
    static final int LINUX_AF_INET6 = 10;
    static final int NETBSD_AF_INET6 = 24;

    private SocketAddress() {
    }

    /**
     * Checks an address the application gives and brings it to its exact length, without bytes that mean nothing.
     *
     * @param length bytes of it, at most what the array holds; the array holds at least 28
     * @return the length, or a negated Linux errno
     */
    static int check(byte[] address, int length) {
        if (length < LEAST) {
            return -LinuxErrno.EINVAL;
        }
        switch (LittleEndian.getUnsignedShort(address, 0)) {
            case AF_UNSPEC -> {
                clear(address, LEAST, IPV4_LENGTH);
                return IPV4_LENGTH;
            }
            case AF_INET -> {
                if (length < IPV4_LENGTH) {
                    return -LinuxErrno.EINVAL;
                }
                LittleEndian.putLong(address, 8, 0);
                return IPV4_LENGTH;
            }
            case LINUX_AF_INET6 -> {
                // Linux also takes 24 bytes, without the scope id (SIN6_LEN_RFC2133). No program does that any more, and
                // who judges the address before must read it as it is read here.
                return length < IPV6_LENGTH ? -LinuxErrno.EINVAL : IPV6_LENGTH;
            }
            default -> {
                return -LinuxErrno.EAFNOSUPPORT;
            }
        }
    }

    /** Length of an address in Linux layout as a stack gives it: 16, 28, or 0 if it is none. */
    static int length(byte[] address, int offset, int length) {
        if (!within(address, offset, length)) {
            return 0;
        }
        int family = LittleEndian.getUnsignedShort(address, offset);
        return length(family, AF_INET, LINUX_AF_INET6, length);
    }

    /** Rewrites an address in Linux layout, as {@link #check} leaves it. */
    static void toNetbsd(byte[] address, int offset, int length) {
        int family = LittleEndian.getUnsignedShort(address, offset);
        address[offset] = (byte) length;
        address[offset + 1] = (byte) (family == LINUX_AF_INET6 ? NETBSD_AF_INET6 : family);
    }

    /** Rewrites an address in NetBSD layout. Returns 16, 28, or 0 if it is none; the length inside it is not believed. */
    static int fromNetbsd(byte[] address, int offset, int length) {
        if (!within(address, offset, length)) {
            return 0;
        }
        int family = address[offset + 1] & 0xff;
        int exact = length(family, AF_INET, NETBSD_AF_INET6, length);
        if (exact != 0) {
            LittleEndian.putShort(address, offset, family == NETBSD_AF_INET6 ? LINUX_AF_INET6 : family);
        }
        return exact;
    }

    private static int length(int family, int ipv4, int ipv6, int length) {
        if (family == ipv4) {
            return length >= IPV4_LENGTH ? IPV4_LENGTH : 0;
        }
        return family == ipv6 && length >= IPV6_LENGTH ? IPV6_LENGTH : 0;
    }

    private static boolean within(byte[] address, int offset, int length) {
        return offset >= 0 && length >= LEAST && offset <= address.length - length;
    }

    private static void clear(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            bytes[i] = 0;
        }
    }
}
