package org.ringfence.api.policy;

/** Where a connection from outside stands, as far as the gateway understands it. */
public enum Stage {
    /** Not understood, or not looked at: bytes pass. */
    STREAM,
    /** No byte has come yet, and the application does not know the connection. */
    SILENT,
    /** A request head, or a ClientHello, has begun. */
    HEAD,
    /** The head is complete, the request's body is not. */
    BODY,
    /** The request is complete, the response is not. */
    RESPONSE,
    /** All responses are complete; no further request has begun. */
    IDLE
}
