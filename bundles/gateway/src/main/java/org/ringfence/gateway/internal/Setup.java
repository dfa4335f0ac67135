package org.ringfence.gateway.internal;

import java.util.Arrays;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;

/**
 * What a program has made of a stream socket before anybody connects: its options, its address and its backlog, in Linux's ABI, so that the
 * same can be made of another one. Belongs to a row of the table and is reused with it. Event loop's thread only.
 */
final class Setup {
    /** Bytes of options that are remembered, at most; further ones are not. */
    private static final int MAX_BYTES = 256;
    private static final int FIRST_BYTES = 32;
    // an option: level u16, name u16, 1 if it was set behind BIND, length u8, value
    private static final int LEVEL = 0;
    private static final int NAME = 2;
    private static final int BEHIND = 4;
    private static final int LENGTH = 5;
    private static final int VALUE = 6;

    /** What has become of BIND. */
    private enum Binding { NONE, ASKED, DONE }

    private byte[] options = new byte[FIRST_BYTES];
    private int end;
    private Binding binding;
    private final byte[] address = new byte[Addresses.IN6_BYTES];
    private int addressLength;
    private long unprivileged;
    private long backlog;

    Setup() {
        clear();
    }

    void clear() {
        if (options.length > FIRST_BYTES) {
            options = new byte[FIRST_BYTES];
        }
        end = 0;
        binding = Binding.NONE;
        addressLength = 0;
        unprivileged = 1; // who has never bound it has not shown a right either
        backlog = 0;
    }

    /** The program sets an option, in a way that a translator found valid. */
    void sets(int level, int name, byte[] value, int length) {
        int behind = binding == Binding.DONE ? 1 : 0;
        for (int at = 0; at < end; at += VALUE + length(at)) {
            if (number(at + LEVEL) == level && number(at + NAME) == name && options[at + BEHIND] == behind) {
                int next = at + VALUE + length(at);
                System.arraycopy(options, next, options, at, end - next);
                end -= next - at;
                break;
            }
        }
        int more = end + VALUE + length;
        if (more > MAX_BYTES || (level | name) >>> 16 != 0) {
            return;
        }
        if (more > options.length) {
            options = Arrays.copyOf(options, Math.max(more, 2 * options.length));
        }
        number(end + LEVEL, level);
        number(end + NAME, name);
        options[end + BEHIND] = (byte) behind;
        options[end + LENGTH] = (byte) length;
        System.arraycopy(value, 0, options, end + VALUE, length);
        end = more;
    }

    private int length(int at) {
        return options[at + LENGTH] & 0xff;
    }

    private int number(int at) {
        return options[at] & 0xff | (options[at + 1] & 0xff) << 8;
    }

    private void number(int at, int value) {
        options[at] = (byte) value;
        options[at + 1] = (byte) (value >> 8);
    }

    /** True if BIND was asked for and not answered. */
    boolean isBinding() {
        return binding == Binding.ASKED;
    }

    /** The program asks for BIND; of a socket that is bound it will be refused. */
    void binds(long withoutRight, byte[] asked, int length) {
        if (binding == Binding.DONE) {
            return;
        }
        binding = Binding.ASKED;
        unprivileged = withoutRight;
        addressLength = Math.min(length, address.length);
        System.arraycopy(asked, 0, address, 0, addressLength);
    }

    /** BIND was answered. Of the INS's answer nothing is remembered but a port that the program left to it. */
    void bound(int error, int port) {
        if (binding != Binding.ASKED) {
            return;
        }
        binding = error == 0 ? Binding.DONE : Binding.NONE;
        if (error != 0) {
            unprivileged = 1;
            addressLength = 0;
        } else if (Addresses.port(address, 0, addressLength) == 0) {
            Addresses.setPort(address, port);
            unprivileged = 1; // no stack chooses a low one
        }
    }

    /** The program asks for LISTEN. */
    void listens(long connections) {
        backlog = connections;
    }

    /**
     * Makes {@code call} the one of the given number, from 0 on, of those that make the same of a new socket: options, BIND, the options set behind it,
     * and at last LISTEN.
     */
    Operation call(int number, Call call, RelayedSocket socket) {
        int before = options(0);
        if (number < before) {
            return option(number, 0, call);
        }
        if (number == before) {
            call.clear(Operation.BIND, 0, 0);
            call.arguments[0] = unprivileged;
            call.payloadLength = addressLength > 0 ? addressLength : Addresses.any(socket.domain, socket.localPort, address);
            System.arraycopy(address, 0, call.payload, 0, call.payloadLength);
            return Operation.BIND;
        }
        if (number - before - 1 < options(1)) {
            return option(number - before - 1, 1, call);
        }
        call.clear(Operation.LISTEN, 0, 0);
        call.arguments[0] = backlog;
        return Operation.LISTEN;
    }

    private int options(int behind) {
        int count = 0;
        for (int at = 0; at < end; at += VALUE + length(at)) {
            count += options[at + BEHIND] == behind ? 1 : 0;
        }
        return count;
    }

    private Operation option(int number, int behind, Call call) {
        int at = 0;
        for (int left = number; options[at + BEHIND] != behind || left-- > 0; at += VALUE + length(at)) { // up to it
        }
        call.clear(Operation.SETSOCKOPT, 0, 0);
        call.arguments[0] = number(at + LEVEL);
        call.arguments[1] = number(at + NAME);
        call.payloadLength = length(at);
        System.arraycopy(options, at + VALUE, call.payload, 0, call.payloadLength);
        return Operation.SETSOCKOPT;
    }
}
