package org.ringfence.gateway.internal;

import org.ringfence.api.call.Operation;

/** Calls as people write them: {@code bind(0.0.0.0:80)}, {@code setsockopt(TCP_NODELAY)}. */
final class CallText {
    static String of(int operation, long[] arguments, byte[] payload, int length) {
        Operation op = Operation.of(operation);
        if (op == null) {
            return "op " + operation;
        }
        String name = op.name().toLowerCase(java.util.Locale.ROOT);
        return switch (op) {
            case SOCKET -> name + "(" + domain(arguments[0]) + ", " + type(arguments[1]) + ")";
            case BIND, CONNECT, ACCEPT -> name + "(" + Addresses.text(payload, 0, length) + ")";
            case LISTEN -> name + "(" + arguments[0] + ")";
            case SHUTDOWN -> name + "(" + how(arguments[0]) + ")";
            case SETSOCKOPT, GETSOCKOPT -> name + "(" + OptionName.of(arguments[0], arguments[1]) + ")";
            default -> name + "()";
        };
    }

    private static String domain(long domain) {
        return domain == Addresses.AF_INET ? "AF_INET" : domain == Addresses.AF_INET6 ? "AF_INET6" : Long.toString(domain);
    }

    private static String type(long type) {
        return type == 1 ? "SOCK_STREAM" : type == 2 ? "SOCK_DGRAM" : Long.toString(type);
    }

    private static String how(long how) {
        return how == 0 ? "SHUT_RD" : how == 1 ? "SHUT_WR" : how == 2 ? "SHUT_RDWR" : Long.toString(how);
    }

    private CallText() {
    }
}
