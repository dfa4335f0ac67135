package org.ringfence.translator;

import java.util.Locale;
import org.ringfence.api.call.Call;

/**
 * What the value of a socket option is, in the application's ABI. The names in lower case are those of options.tsv.
 *
 * <p>{@link #check} makes of what Linux would accept the one form that is sent on: longer values are cut to the size of the
 * type, as Linux reads no more of them, so that bytes nobody has looked at do not get through.
 */
enum ValueKind {
    /** {@code int}. */
    INT(4),
    /** {@code int}, false or true; reads as 0 or 1. */
    FLAG(4),
    /** {@code int}, or a single byte as Linux takes it at level IPPROTO_IP. */
    OCTET(1),
    /** As {@link #OCTET}: -1 (the default) or 1 to 255. */
    TTL(1),
    /** {@code int}: -1 (the default) to 255. */
    HOPS(4),
    /** {@code int}: 0 to 6; more takes privileges the application does not have. */
    PRIORITY(4),
    /** {@code int}, bytes of a buffer; reads as twice what was set. */
    SIZE(4),
    /** {@code struct linger}: two {@code int}. */
    LINGER(8),
    /** {@code struct timeval}: two {@code long}. */
    TIMEVAL(16),
    /** Name of a congestion control, 1 to 15 letters, digits, '-' and '_'. */
    NAME(1),
    /** Bytes a second: {@code unsigned int} or {@code unsigned long}. */
    RATE(4),
    /** {@code struct ip_mreq} or {@code ip_mreqn}: a group, and an interface by address, or by address and index. */
    GROUP(8),
    /** {@code struct ipv6_mreq}: a group and an interface's index. */
    GROUP6(20),
    /** An interface for multicast: {@code struct in_addr}, {@code ip_mreq} or {@code ip_mreqn}; reads as {@code in_addr}. */
    INTERFACE(4),
    /** A socket error; read only. */
    ERRNO(4),
    /** {@code struct tcp_info}; read only. */
    TCP_INFO(0),
    /** Bytes without numbers in them; read only. */
    BYTES(0);

    private static final int LONGEST_NAME = 15;
    private static final int HIGHEST_PRIORITY = 6;
    private static final int MICROSECONDS = 1_000_000;

    private final int least;

    ValueKind(int least) {
        this.least = least;
    }

    /** The kind of a name in options.tsv, or null. */
    static ValueKind of(String name) {
        for (ValueKind kind : values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                return kind;
            }
        }
        return null;
    }

    /** True if an option of this kind can be set. */
    boolean writable() {
        return this != ERRNO && this != TCP_INFO && this != BYTES;
    }

    /** Checks the value in a SETSOCKOPT and cuts it to its size. Returns 0 or a Linux errno. */
    int check(Call call) {
        int length = call.payloadLength;
        if (length < least || !writable()) {
            return LinuxErrno.EINVAL;
        }
        byte[] value = call.payload;
        switch (this) {
            case INT, FLAG, SIZE -> call.payloadLength = 4;
            case OCTET -> widen(call);
            case TTL -> {
                widen(call);
                int ttl = LittleEndian.getInt(value, 0);
                return ttl == -1 || (ttl >= 1 && ttl <= 255) ? 0 : LinuxErrno.EINVAL;
            }
            case HOPS -> {
                call.payloadLength = 4;
                int hops = LittleEndian.getInt(value, 0);
                return hops >= -1 && hops <= 255 ? 0 : LinuxErrno.EINVAL;
            }
            case PRIORITY -> {
                call.payloadLength = 4;
                int priority = LittleEndian.getInt(value, 0);
                return priority >= 0 && priority <= HIGHEST_PRIORITY ? 0 : LinuxErrno.EPERM;
            }
            case LINGER -> call.payloadLength = 8;
            case GROUP -> call.payloadLength = length >= 12 ? 12 : 8;
            case GROUP6 -> call.payloadLength = 20;
            case INTERFACE -> call.payloadLength = length >= 12 ? 12 : length >= 8 ? 8 : 4;
            case TIMEVAL -> {
                call.payloadLength = 16;
                long microseconds = LittleEndian.getLong(value, 8);
                return microseconds >= 0 && microseconds < MICROSECONDS ? 0 : LinuxErrno.EDOM;
            }
            case RATE -> call.payloadLength = length >= 8 ? 8 : 4;
            case NAME -> {
                return name(call);
            }
            default -> {
                return LinuxErrno.EINVAL;
            }
        }
        return 0;
    }

    private static void widen(Call call) {
        if (call.payloadLength < 4) {
            LittleEndian.putInt(call.payload, 0, call.payload[0] & 0xff);
        }
        call.payloadLength = 4;
    }

    private static int name(Call call) {
        int length = 0;
        while (length < call.payloadLength && length < LONGEST_NAME && call.payload[length] != 0) {
            int letter = call.payload[length];
            boolean known = letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z'
                    || letter >= '0' && letter <= '9' || letter == '-' || letter == '_';
            if (!known) {
                return LinuxErrno.ENOENT;
            }
            length++;
        }
        // NetBSD reads up to the terminator, wherever it is
        call.payload[length] = 0;
        call.payloadLength = length + 1;
        return length == 0 ? LinuxErrno.ENOENT : 0;
    }
}
