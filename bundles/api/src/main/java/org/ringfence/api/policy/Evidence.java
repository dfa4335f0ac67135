package org.ringfence.api.policy;

/** What a connection must show before the application learns of it. */
public enum Evidence {
    /** Nothing: the application learns of it at once. */
    NONE,
    /** A first byte. */
    DATA,
    /** A complete HTTP/1 request head, and its body if that is small; the same for each later request. */
    HTTP_REQUEST,
    /** A complete TLS ClientHello. */
    TLS_CLIENT_HELLO,
    /** What fits the first bytes, and what the listener's server was seen to speak. */
    AUTO
}
