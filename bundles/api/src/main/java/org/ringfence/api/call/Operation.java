package org.ringfence.api.call;

/** Operations of the region protocol; the numbers are those of {@code docs/protocol.md}, "Calls". */
public enum Operation {
    SOCKET(1), BIND(2), LISTEN(3), CONNECT(4), SHUTDOWN(5), SETSOCKOPT(6), GETSOCKOPT(7), ACCEPT(8), CLOSE(9),
    GETSOCKNAME(10), GETPEERNAME(11), NETWORK(12);

    private static final Operation[] BY_NUMBER = new Operation[13];

    static {
        for (Operation operation : values()) {
            BY_NUMBER[operation.number] = operation;
        }
    }

    private final int number;

    Operation(int number) {
        this.number = number;
    }

    /** The number in a command entry, 1 to 12. */
    public int number() {
        return number;
    }

    /** The operation of a number from a command entry, or null if there is none. */
    public static Operation of(int number) {
        return number > 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
