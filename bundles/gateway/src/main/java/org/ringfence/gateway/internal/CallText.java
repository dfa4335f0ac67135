package org.ringfence.gateway.internal;

import java.util.Arrays;
import org.ringfence.api.call.Operation;

/** Calls in strace's notation, the slot in the place of the descriptor: {@code listen(3, 511)}. */
final class CallText {
    static String of(int operation, int slot, long[] arguments, byte[] payload, int length) {
        Operation op = Operation.of(operation);
        if (op == null) {
            return "op_" + operation + "(" + slot + ")";
        }
        String name = op.name().toLowerCase(java.util.Locale.ROOT);
        return switch (op) {
            case SOCKET -> name + "(" + domain(arguments[0]) + ", " + type(arguments[1]) + ", " + protocol(arguments[2]) + ")";
            case BIND, CONNECT -> name + "(" + slot + ", " + address(payload, length) + ", " + length + ")";
            case ACCEPT -> name + "(" + slot + ", " + address(payload, length) + ", [" + length + "])";
            case LISTEN -> name + "(" + slot + ", " + arguments[0] + ")";
            case SHUTDOWN -> name + "(" + slot + ", " + how(arguments[0]) + ")";
            case SETSOCKOPT -> name + "(" + slot + ", " + OptionName.levelAndName(arguments[0], arguments[1]) + ", "
                    + value(payload, length) + ", " + length + ")";
            case GETSOCKOPT -> name + "(" + slot + ", " + OptionName.levelAndName(arguments[0], arguments[1]) + ")";
            default -> name + "(" + slot + ")";
        };
    }

    /** True if the address of such a call is that of the other end. */
    static boolean namesPeer(Operation operation) {
        return operation == Operation.CONNECT || operation == Operation.ACCEPT;
    }

    private static String domain(long domain) {
        return domain == Addresses.AF_INET ? "AF_INET" : domain == Addresses.AF_INET6 ? "AF_INET6" : Long.toString(domain);
    }

    private static String type(long type) {
        return type == 1 ? "SOCK_STREAM" : type == 2 ? "SOCK_DGRAM" : Long.toString(type);
    }

    private static String protocol(long protocol) {
        return protocol == 0 ? "IPPROTO_IP" : protocol == 6 ? "IPPROTO_TCP" : protocol == 17 ? "IPPROTO_UDP" : Long.toString(protocol);
    }

    private static String how(long how) {
        return how == 0 ? "SHUT_RD" : how == 1 ? "SHUT_WR" : how == 2 ? "SHUT_RDWR" : Long.toString(how);
    }

    /** The int that a payload begins with. */
    static int number(byte[] payload) {
        return payload[0] & 0xff | (payload[1] & 0xff) << 8 | (payload[2] & 0xff) << 16 | payload[3] << 24;
    }

    /** An int as strace shows what a pointer points to; anything else by its bytes. */
    private static String value(byte[] payload, int length) {
        if (length == 4) {
            return "[" + number(payload) + "]";
        }
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < length; i++) {
            text.append(String.format("\\x%02x", payload[i]));
        }
        return text.append('"').toString();
    }

    private static String address(byte[] payload, int length) {
        int family = Addresses.family(payload, 0, length);
        int port = Addresses.port(payload, 0, length);
        if (family == Addresses.AF_INET && length >= Addresses.IN_BYTES) {
            return "{sa_family=AF_INET, sin_port=htons(" + port + "), sin_addr=inet_addr(\""
                    + Addresses.host(Arrays.copyOfRange(payload, 4, 8)) + "\")}";
        }
        if (family == Addresses.AF_INET6 && length >= Addresses.IN6_BYTES) {
            return "{sa_family=AF_INET6, sin6_port=htons(" + port + "), inet_pton(AF_INET6, \""
                    + Addresses.host(Arrays.copyOfRange(payload, 8, 24)) + "\")}";
        }
        return family == Addresses.AF_UNSPEC ? "{sa_family=AF_UNSPEC}" : "{sa_family=" + family + "}";
    }

    private CallText() {
    }
}
