package org.ringfence.shell.command;

/** A command that could not do what it was asked: the message is one line for people, the status is for scripts. */
public final class Failure extends RuntimeException {
    /** The command was understood and failed. */
    public static final int FAILED = 1;
    /** The command was called wrongly. */
    public static final int USAGE = 2;

    private static final long serialVersionUID = 1;

    private final int status;

    public Failure(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /** Exit status, 1 to 255. */
    public int status() {
        return status;
    }
}
