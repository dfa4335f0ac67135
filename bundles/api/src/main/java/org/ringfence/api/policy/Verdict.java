package org.ringfence.api.policy;

/** What is to happen to a connection. */
public enum Verdict {
    /** No opinion: the next policy of the chain decides. */
    PASS,
    /** The connection goes to the application. */
    ALLOW,
    /** The peer gets an orderly end of the connection; an outgoing connection fails with ECONNREFUSED. */
    REFUSE,
    /** The peer gets a reset; an outgoing connection fails with ECONNREFUSED. */
    RESET
}
