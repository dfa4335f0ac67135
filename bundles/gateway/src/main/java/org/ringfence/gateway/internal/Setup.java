package org.ringfence.gateway.internal;

import java.util.Arrays;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;

/**
 * What a program has made of a stream socket before anybody connects: its options, its address and its backlog, in Linux's ABI, so that the
 * same can be made of another one. Belongs to a row of the table and is reused with it. Event loop's thread only.
 */
final class Setup {
    /** Options beyond these are not remembered: translators know fewer. */
    private static final int MAX_OPTIONS = 64;

    private int options;
    private int[] levels = new int[4];
    private int[] names = new int[4];
    private int[] lengths = new int[4];
    private byte[] values = new byte[4 * Call.MAX_PAYLOAD];
    private final byte[] address = new byte[Addresses.IN6_BYTES];
    private int addressLength;
    private long unprivileged;
    private long backlog;

    void clear() {
        options = 0;
        addressLength = 0;
        unprivileged = 0;
        backlog = 0;
    }

    /** True of a call that {@link #remember} is for. */
    static boolean consistsOf(Operation operation) {
        return operation == Operation.SETSOCKOPT || operation == Operation.BIND || operation == Operation.LISTEN;
    }

    /** The program makes a call, which may fail: an option that failed fails again, and changes nothing. */
    void remember(Operation operation, Call call) {
        switch (operation) {
            case SETSOCKOPT -> sets((int) call.arguments[0], (int) call.arguments[1], call.payload, call.payloadLength);
            case BIND -> unprivileged = call.arguments[0];
            case LISTEN -> backlog = call.arguments[0];
            default -> {
            }
        }
    }

    /** BIND was answered with the address that the socket has. */
    void bound(byte[] name, int length) {
        addressLength = Math.min(length, address.length);
        System.arraycopy(name, 0, address, 0, addressLength);
    }

    private void sets(int level, int name, byte[] value, int length) {
        if (length > Call.MAX_PAYLOAD) {
            return;
        }
        int at = 0;
        while (at < options && (levels[at] != level || names[at] != name)) {
            at++;
        }
        if (at == MAX_OPTIONS) {
            return;
        }
        if (at == options) {
            options++;
            grow();
        }
        levels[at] = level;
        names[at] = name;
        lengths[at] = length;
        System.arraycopy(value, 0, values, at * Call.MAX_PAYLOAD, length);
    }

    private void grow() {
        if (options > levels.length) {
            int many = 2 * levels.length;
            levels = Arrays.copyOf(levels, many);
            names = Arrays.copyOf(names, many);
            lengths = Arrays.copyOf(lengths, many);
            values = Arrays.copyOf(values, many * Call.MAX_PAYLOAD);
        }
    }

    /** Makes {@code call} the one of the given number, from 0 on, of those that make the same of a new socket. The last is LISTEN. */
    Operation call(int number, Call call, RelayedSocket socket) {
        if (number < options) {
            call.clear(Operation.SETSOCKOPT, 0, 0);
            call.arguments[0] = levels[number];
            call.arguments[1] = names[number];
            call.payloadLength = lengths[number];
            System.arraycopy(values, number * Call.MAX_PAYLOAD, call.payload, 0, lengths[number]);
            return Operation.SETSOCKOPT;
        }
        if (number == options) {
            call.clear(Operation.BIND, 0, 0);
            call.arguments[0] = unprivileged;
            call.payloadLength = addressLength > 0 ? addressLength : Addresses.any(socket.domain, socket.localPort, address);
            System.arraycopy(address, 0, call.payload, 0, call.payloadLength);
            return Operation.BIND;
        }
        call.clear(Operation.LISTEN, 0, 0);
        call.arguments[0] = backlog;
        return Operation.LISTEN;
    }
}
