package org.ringfence.translator;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.Operation;

/**
 * Rewrites socket options and their values for a NetBSD stack, and back.
 *
 * <p>What differs beside the numbers, as observed on a rump kernel: sizes must be exact (an int of 8 bytes is EINVAL);
 * SO_SNDBUF reads back what was set, where Linux reads back twice that; sizes are refused above some 200 KiB (ENOBUFS) and at
 * 0 (EINVAL), where Linux cuts them; a flag reads as its bit (TCP_NODELAY as 4), not as 1; IP_TTL takes 300 (checked
 * before, see {@link ValueKind}) and not -1; TCP_KEEPIDLE and its like can be set and not read (ENOPROTOOPT, passed on).
 */
final class NetbsdOptions {
    /** sb_max 256 KiB times the share of a cluster that is data, 2048 / 2560, rounded down to a power of two and a half. */
    private static final int LARGEST_BUFFER = 192 * 1024;
    /** Half of SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF of Linux: what a set of 0 makes there. */
    private static final int SMALLEST_SEND_BUFFER = 2304;
    private static final int SMALLEST_RECEIVE_BUFFER = 1152;
    /** l_linger is kept in 16 bits. */
    private static final int LONGEST_LINGER = 0xffff;
    /** Seconds; INT_MAX ticks of 10 ms. More is EDOM. */
    private static final long LONGEST_TIME = Integer.MAX_VALUE / 100 - 1;
    private static final int DEFAULT_TTL = 64;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int IPPROTO_IP = 0;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int IP_MULTICAST_IF = 32;

    private final int socketLevel;
    private final int socketType;
    private final int receiveBuffer;
    private final int tcpInfoSize;

    NetbsdOptions(AbiTable abi) {
        socketLevel = abi.netbsd("level", "SOL_SOCKET");
        socketType = abi.netbsd("so", "SO_TYPE");
        receiveBuffer = abi.netbsd("so", "SO_RCVBUF");
        tcpInfoSize = abi.netbsd("layout", "sizeof(struct tcp_info)");
    }

    /** Rewrites a checked SETSOCKOPT or GETSOCKOPT. Returns 0 or a Linux errno. */
    int encode(Call call, CallContext context, SocketOption option) {
        boolean set = call.operation == Operation.SETSOCKOPT.number();
        switch (option.way()) {
            case DIRECT -> {
                call.arguments[0] = option.netbsdLevel();
                call.arguments[1] = option.netbsdName();
                if (set) {
                    value(call, option.set());
                } else {
                    call.arguments[2] = size(option.get());
                    context.third = ContextForm.form(form(option.get()), 0);
                }
            }
            case CONSTANT -> {
                // Every call gets its answer from the INS. Reading SO_TYPE changes nothing and fails only if the
                // socket is gone; the answer is then made to be the answer to the call. TCP's are unknown to datagrams.
                readType(call);
                int form = option.level() == IPPROTO_TCP ? ContextForm.STREAM_CONSTANT : ContextForm.CONSTANT;
                context.third = ContextForm.form(form, option.constant());
            }
            case TYPE -> {
                readType(call);
                context.third = ContextForm.form(ContextForm.PROTOCOL, 0);
            }
            case ADDRESS -> {
                call.operation = Operation.GETSOCKNAME.number();
                java.util.Arrays.fill(call.arguments, 0);
                context.third = ContextForm.form(ContextForm.FAMILY, 0);
            }
            case NONE -> {
                return LinuxErrno.ENOPROTOOPT;
            }
        }
        return 0;
    }

    private void readType(Call call) {
        call.operation = Operation.GETSOCKOPT.number();
        call.payloadLength = 0;
        call.arguments[0] = socketLevel;
        call.arguments[1] = socketType;
        call.arguments[2] = 4;
    }

    private void value(Call call, ValueKind kind) {
        byte[] value = call.payload;
        switch (kind) {
            case SIZE -> {
                // a negative size is a large one, as in Linux
                int size = LittleEndian.getInt(value, 0);
                size = size < 0 ? LARGEST_BUFFER : Math.min(size, LARGEST_BUFFER);
                int least = call.arguments[1] == receiveBuffer ? SMALLEST_RECEIVE_BUFFER : SMALLEST_SEND_BUFFER;
                LittleEndian.putInt(value, 0, Math.max(size, least));
            }
            case TTL -> {
                if (LittleEndian.getInt(value, 0) == -1) {
                    LittleEndian.putInt(value, 0, DEFAULT_TTL);
                }
            }
            case LINGER -> {
                int seconds = LittleEndian.getInt(value, 4);
                LittleEndian.putInt(value, 4, seconds < 0 ? LONGEST_LINGER : Math.min(seconds, LONGEST_LINGER));
            }
            case TIMEVAL -> {
                // tv_usec has 4 bytes there and 4 of padding; checked to be below a million, it is the same 8 bytes
                long seconds = LittleEndian.getLong(value, 0);
                LittleEndian.putLong(value, 0, Math.max(0, Math.min(seconds, LONGEST_TIME)));
            }
            case GROUP -> {
                // a group, and an interface by address: of ip_mreqn the first two words
                chooseInterface(value, 4, call.payloadLength);
                call.payloadLength = 8;
            }
            case INTERFACE -> {
                if (call.payloadLength > 4) {
                    chooseInterface(value, 4, call.payloadLength);
                    LittleEndian.putInt(value, 0, LittleEndian.getInt(value, 4));
                    call.payloadLength = 4;
                }
            }
            default -> {
                // an int or a name: the same bytes
            }
        }
    }

    /**
     * An index in the third word of ip_mreqn goes before the address in the second, as in Linux. NetBSD takes it as an address of
     * 0.0.0.0/8, in network byte order (ip_multicast_if() in sys/netinet/ip_output.c).
     */
    private static void chooseInterface(byte[] value, int offset, int length) {
        int index = length >= 12 ? LittleEndian.getInt(value, 8) : 0;
        if (index > 0 && index <= 0xff_ffff) {
            LittleEndian.putInt(value, offset, Integer.reverseBytes(index));
        }
    }

    private int size(ValueKind kind) {
        return switch (kind) {
            case LINGER -> 8;
            case TIMEVAL, NAME -> 16;
            case TCP_INFO -> tcpInfoSize;
            case BYTES -> Answer.MAX_PAYLOAD;
            default -> 4;
        };
    }

    private static int form(ValueKind kind) {
        return switch (kind) {
            case FLAG -> ContextForm.FLAG;
            case SIZE -> ContextForm.SIZE;
            case LINGER -> ContextForm.LINGER;
            case TIMEVAL -> ContextForm.TIMEVAL;
            case ERRNO -> ContextForm.ERRNO;
            case TCP_INFO -> ContextForm.TCP_INFO;
            case NAME, BYTES -> ContextForm.PLAIN;
            default -> ContextForm.INT;
        };
    }

    /**
     * Rewrites the payload of a successful answer to GETSOCKOPT. Returns 0, or EIO if it is no such value, or ENOPROTOOPT if
     * it tells that there is no such option.
     */
    static int decode(CallContext context, Answer answer) {
        int error = rewrite(context, answer);
        if (error == 0 && isByte(context, answer)) {
            answer.payloadLength = 1;
        }
        return error;
    }

    /** Linux gives small numbers of level IPPROTO_IP in one byte to who has no room for an int: do_ip_getsockopt(). */
    private static boolean isByte(CallContext context, Answer answer) {
        boolean small = context.second > 0 && context.second < 4 && answer.payloadLength == 4
                && LittleEndian.getInt(answer.payload, 0) >>> 8 == 0;
        return small && (int) (context.first >> 32) == IPPROTO_IP && (int) context.first != IP_MULTICAST_IF
                && context.operation == Operation.GETSOCKOPT.number();
    }

    private static int rewrite(CallContext context, Answer answer) {
        byte[] value = answer.payload;
        int length = answer.payloadLength;
        switch (ContextForm.form(context)) {
            case ContextForm.PLAIN -> {
                return 0;
            }
            case ContextForm.CONSTANT -> {
                return number(answer, ContextForm.constant(context));
            }
            case ContextForm.STREAM_CONSTANT -> {
                boolean stream = length >= 4 && LittleEndian.getInt(value, 0) == SOCK_STREAM;
                return stream ? number(answer, ContextForm.constant(context)) : LinuxErrno.ENOPROTOOPT;
            }
            case ContextForm.FAMILY -> {
                int exact = SocketAddress.fromNetbsd(value, 0, length);
                return exact == 0 ? LinuxErrno.EIO : number(answer, LittleEndian.getUnsignedShort(value, 0));
            }
            case ContextForm.TCP_INFO -> {
                return NetbsdTcpInfo.decode(answer);
            }
            default -> {
                // a value of at least an int
            }
        }
        if (length == 1) {
            LittleEndian.putInt(value, 0, value[0] & 0xff);
        } else if (length < 4) {
            return LinuxErrno.EIO;
        }
        int first = LittleEndian.getInt(value, 0);
        switch (ContextForm.form(context)) {
            case ContextForm.INT, ContextForm.ERRNO -> {
                return number(answer, first);
            }
            case ContextForm.FLAG -> {
                return number(answer, first != 0 ? 1 : 0);
            }
            case ContextForm.SIZE -> {
                return number(answer, (int) Math.min(2L * Math.max(first, 0), Integer.MAX_VALUE));
            }
            case ContextForm.PROTOCOL -> {
                return number(answer, first == SOCK_STREAM ? IPPROTO_TCP : first == SOCK_DGRAM ? IPPROTO_UDP : 0);
            }
            case ContextForm.LINGER -> {
                answer.payloadLength = 8;
                LittleEndian.putInt(value, 0, first != 0 ? 1 : 0);
                return length < 8 ? LinuxErrno.EIO : 0;
            }
            case ContextForm.TIMEVAL -> {
                answer.payloadLength = 16;
                LittleEndian.putInt(value, 12, 0);
                return length < 16 ? LinuxErrno.EIO : 0;
            }
            default -> {
                return LinuxErrno.EIO;
            }
        }
    }

    private static int number(Answer answer, int number) {
        LittleEndian.putInt(answer.payload, 0, number);
        answer.payloadLength = 4;
        return 0;
    }
}
