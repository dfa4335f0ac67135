package org.ringfence.translator;

/**
 * One line of options.tsv, with its numbers.
 *
 * @param level Linux
 * @param name Linux
 * @param set kind of value, or null if setting is answered with {@code setError}
 * @param get kind of value, or null if reading is answered with {@code getError}
 * @param way how it goes on to a NetBSD stack
 * @param netbsdLevel level there, if {@code way} is DIRECT
 * @param netbsdName name there, if {@code way} is DIRECT
 * @param constant what it reads as, if {@code way} is CONSTANT
 */
record SocketOption(int level, int name, ValueKind set, int setError, ValueKind get, int getError,
        Way way, int netbsdLevel, int netbsdName, int constant) {

    /** How an option goes on to a NetBSD stack. */
    enum Way {
        /** Under its number there. */
        DIRECT,
        /** Accepted without effect, and reads as a constant. */
        CONSTANT,
        /** Read from SO_TYPE. */
        TYPE,
        /** Read from the socket's address. */
        ADDRESS,
        /** Not at all. */
        NONE
    }
}
