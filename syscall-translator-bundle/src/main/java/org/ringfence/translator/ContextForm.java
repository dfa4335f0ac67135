package org.ringfence.translator;

import org.ringfence.api.call.CallContext;

/**
 * The meaning of the numbers in a {@link CallContext}, version {@value #VERSION}:
 *
 * <pre>
 * first    level &lt;&lt; 32 | name of a socket option, in the application's ABI; else 0
 * second   size of the application's buffer for the value, 0 to 384; else 0
 * third    constant &lt;&lt; 32 | form: how the payload of the answer is to be rewritten
 * </pre>
 *
 * The form says all that an answer needs. So an answer does not look into the table of options: a later version may
 * send an option in another way, and still understands the answers to what this one sent. A form's number is never
 * given another meaning; a later version adds numbers, or grows the version.
 */
final class ContextForm {
    static final int VERSION = 1;

    /** No payload, or one that stays as it is. */
    static final int PLAIN = 0;
    /** A socket address. */
    static final int ADDRESS = 1;
    static final int INT = 2;
    /** An int of which only zero or not zero counts. */
    static final int FLAG = 3;
    /** Size of a buffer as it was set: Linux reads back twice that. */
    static final int SIZE = 4;
    static final int LINGER = 5;
    static final int TIMEVAL = 6;
    static final int ERRNO = 7;
    static final int TCP_INFO = 8;
    /** The constant, whatever the payload is. */
    static final int CONSTANT = 9;
    /** An address, of which the family is wanted. */
    static final int FAMILY = 10;
    /** A socket type, for which the protocol is wanted. */
    static final int PROTOCOL = 11;

    /** The constant, if the payload is the type of a stream; else the option is unknown, set or read. */
    static final int STREAM_CONSTANT = 12;

    private ContextForm() {
    }

    /** True if this version understands the numbers of {@code context}. */
    static boolean understands(CallContext context) {
        return context.version >= 1 && context.version <= VERSION;
    }

    static long option(int level, int name) {
        return (long) level << 32 | name & 0xffff_ffffL;
    }

    static long form(int form, int constant) {
        return (long) constant << 32 | form;
    }

    static int form(CallContext context) {
        return (int) context.third;
    }

    static int constant(CallContext context) {
        return (int) (context.third >> 32);
    }
}
