package org.ringfence.api.policy;

/** What a policy asks to be done about a connection, mildest first. */
public enum Measure {
    /** It is only reported. */
    NOTE,
    /** It is granted no larger rings, and the stack's buffers and patience for it are small, until nothing has been found for a while. */
    SHRINK,
    /** Its bytes are passed on in small portions, a few times a second. */
    THROTTLE,
    /** It is ended in an orderly way. */
    REFUSE,
    /** It is reset. */
    RESET,
    /** It is reset, and its source is blocked for a time; not that of datagrams from outside, into which anybody may have written it. */
    BLOCK
}
