package org.ringfence.translator;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.Operation;

/**
 * The application's side of every translator: checks a call in the ABI of Linux x86-64, and makes sure that an answer is one
 * the application can have asked for.
 *
 * <p>After {@link #check} a call holds only what was looked at: arguments are within {@code int}, those without a meaning
 * are 0, and the payload has the exact size of its type.
 */
final class ApplicationAbi {
    /** Type of socket that is let through; see {@link #socket}. */
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int IPPROTO_UDPLITE = 136;
    /** From here on there is no type and no protocol: SOCK_MAX of linux/net.h, IPPROTO_MAX of linux/in.h. */
    private static final int SOCK_MAX = 11;
    private static final int IPPROTO_MAX = 263;
    private static final int SHUT_RDWR = 2;
    /** BIND's argument, {@code RF_BIND_WITHOUT_RIGHT}. */
    private static final long WITHOUT_RIGHT = 1;
    /** SOCK_NONBLOCK, SOCK_CLOEXEC and whatever else is no type: Linux answers EINVAL to unknown flags. */
    private static final int TYPE_MASK = 0xf;
    /** Bytes of an entry in the answer to NETWORK: docs/protocol.md, "What the stack has". */
    private static final int NETWORK_ENTRY = 96;

    private final OptionTable options;
    private final int backlogLimit;

    /** @param backlogLimit SOMAXCONN of the network stack: more is cut to it, as the kernel does */
    ApplicationAbi(OptionTable options, int backlogLimit) {
        this.options = options;
        this.backlogLimit = backlogLimit;
    }

    /** Checks a call and fills in its context. Returns 0 or a Linux errno. */
    int check(Call call, CallContext context) {
        context.version = ContextForm.VERSION;
        context.operation = call.operation;
        context.first = 0;
        context.second = 0;
        context.third = ContextForm.PLAIN;
        if (call.payloadLength < 0 || call.payloadLength > Call.MAX_PAYLOAD) {
            return LinuxErrno.EMSGSIZE;
        }
        Operation operation = Operation.of(call.operation);
        if (operation == null) {
            return LinuxErrno.ENOSYS;
        }
        return switch (operation) {
            case SOCKET -> socket(call);
            case BIND -> bind(call, context);
            case CONNECT -> connect(call);
            case LISTEN -> listen(call);
            case SHUTDOWN -> shutdown(call);
            case SETSOCKOPT -> setOption(call, context);
            case GETSOCKOPT -> getOption(call, context);
            case GETSOCKNAME, GETPEERNAME -> name(call, context);
            case NETWORK -> network(call);
            // the gateway's own: an application closes by closing its descriptor, and accepts by receiving from it
            case ACCEPT, CLOSE -> LinuxErrno.ENOSYS;
        };
    }

    /**
     * Cuts an answer, already in Linux numbers, to what the call can be answered with. What the INS wrote is not believed
     * more than what the application wrote.
     */
    static void limit(CallContext context, Answer answer) {
        int length = Math.max(0, Math.min(answer.payloadLength, Answer.MAX_PAYLOAD));
        Operation operation = Operation.of(context.operation);
        answer.payloadLength = 0;
        if (answer.error != 0 || operation == null) {
            return;
        }
        switch (operation) {
            case BIND -> answer.payloadLength = SocketAddress.length(answer.payload, 0, length);
            case GETSOCKNAME, GETPEERNAME -> {
                answer.payloadLength = SocketAddress.length(answer.payload, 0, length);
                answer.error = answer.payloadLength == 0 ? LinuxErrno.EIO : 0;
            }
            case GETSOCKOPT -> {
                if (ContextForm.understands(context)) {
                    answer.payloadLength = (int) Math.max(0, Math.min(length, context.second));
                } else {
                    answer.error = LinuxErrno.EIO;
                }
            }
            // whole entries, which the application reads with care
            case NETWORK -> answer.payloadLength = length - length % NETWORK_ENTRY;
            // the gateway asks these itself, and takes their payload apart itself
            case ACCEPT, CLOSE -> answer.payloadLength = length;
            default -> {
                // an answer without payload
            }
        }
    }

    private static int socket(Call call) {
        int domain = (int) call.arguments[0];
        int type = (int) call.arguments[1];
        int protocol = (int) call.arguments[2];
        if (domain != SocketAddress.AF_INET && domain != SocketAddress.LINUX_AF_INET6) {
            return LinuxErrno.EAFNOSUPPORT;
        }
        if ((type & ~TYPE_MASK) != 0 || type >= SOCK_MAX || protocol < 0 || protocol >= IPPROTO_MAX) {
            return LinuxErrno.EINVAL;
        }
        if (type != SOCK_STREAM && type != SOCK_DGRAM) {
            return LinuxErrno.ESOCKTNOSUPPORT;
        }
        boolean own = type == SOCK_STREAM ? protocol == IPPROTO_TCP : protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
        if (protocol != 0 && !own) {
            return LinuxErrno.EPROTONOSUPPORT;
        }
        arguments(call, domain, type, protocol);
        call.payloadLength = 0;
        return 0;
    }

    private static int bind(Call call, CallContext context) {
        byte[] address = call.payload;
        if (call.payloadLength >= 2 && LittleEndian.getUnsignedShort(address, 0) == SocketAddress.AF_UNSPEC) {
            // Linux takes 0.0.0.0 without a family for IPv4, for programs of old
            if (call.payloadLength < SocketAddress.IPV4_LENGTH) {
                return LinuxErrno.EINVAL;
            }
            if (LittleEndian.getInt(address, 4) != 0) {
                return LinuxErrno.EAFNOSUPPORT;
            }
            LittleEndian.putShort(address, 0, SocketAddress.AF_INET);
        }
        context.third = ContextForm.ADDRESS;
        long withoutRight = call.arguments[0] == WITHOUT_RIGHT ? WITHOUT_RIGHT : 0;
        int error = connect(call);
        call.arguments[0] = withoutRight;
        return error;
    }

    private static int connect(Call call) {
        int length = SocketAddress.check(call.payload, call.payloadLength);
        if (length < 0) {
            return -length;
        }
        call.payloadLength = length;
        arguments(call, 0, 0, 0);
        return 0;
    }

    private int listen(Call call) {
        // a negative backlog is a large one, as in Linux
        int backlog = (int) call.arguments[0];
        arguments(call, Integer.compareUnsigned(backlog, backlogLimit) > 0 ? backlogLimit : backlog, 0, 0);
        call.payloadLength = 0;
        return 0;
    }

    private static int shutdown(Call call) {
        int how = (int) call.arguments[0];
        if (how < 0 || how > SHUT_RDWR) {
            return LinuxErrno.EINVAL;
        }
        // the position in the out ring is the gateway's to check: it knows the ring
        arguments(call, how, call.arguments[1], 0);
        call.payloadLength = 0;
        return 0;
    }

    private int setOption(Call call, CallContext context) {
        int level = (int) call.arguments[0];
        int name = (int) call.arguments[1];
        context.first = ContextForm.option(level, name);
        SocketOption option = options.find(level, name);
        if (option == null) {
            return LinuxErrno.ENOPROTOOPT;
        }
        if (option.set() == null) {
            return option.setError();
        }
        arguments(call, level, name, 0);
        return option.set().check(call);
    }

    private int getOption(Call call, CallContext context) {
        int level = (int) call.arguments[0];
        int name = (int) call.arguments[1];
        int size = (int) call.arguments[2];
        context.first = ContextForm.option(level, name);
        SocketOption option = options.find(level, name);
        if (option == null) {
            return LinuxErrno.ENOPROTOOPT;
        }
        if (option.get() == null) {
            return option.getError();
        }
        if (size < 0) {
            return LinuxErrno.EINVAL;
        }
        size = Math.min(size, Answer.MAX_PAYLOAD);
        context.second = size;
        arguments(call, level, name, size);
        call.payloadLength = 0;
        return 0;
    }

    private static int name(Call call, CallContext context) {
        context.third = ContextForm.ADDRESS;
        arguments(call, 0, 0, 0);
        call.payloadLength = 0;
        return 0;
    }

    /** The cursor is the network stack's own: it gave it. */
    private static int network(Call call) {
        arguments(call, call.arguments[0], 0, 0);
        call.payloadLength = 0;
        return 0;
    }

    private static void arguments(Call call, long first, long second, long third) {
        call.arguments[0] = first;
        call.arguments[1] = second;
        call.arguments[2] = third;
        for (int i = 3; i < Call.ARGUMENTS; i++) {
            call.arguments[i] = 0;
        }
    }
}
