package org.ringfence.api.policy;

/**
 * A decision about a connection, and why. Also sent to every service of type {@link PolicyEventListener}.
 *
 * @param sequence counts from 1
 * @param time milliseconds since the epoch
 * @param connection {@link Connection#id()}; 0: it is about an INS's stack
 * @param application name of the application; of an INS's stack, the INS's
 * @param port of the listener; of an INS's stack 0
 * @param source the peer's address; of an INS's stack "many"
 * @param policy who decided
 * @param measure what was decided
 * @param enforced whether it was done; false in observe mode
 * @param evidence why
 * @param repeated decisions of the same kind about this source that were folded into this one
 */
public record PolicyEvent(long sequence, long time, long connection, String application, int port, String source, String policy,
        Measure measure, boolean enforced, String evidence, int repeated) {
}
