package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ProviderType;

/** A listening socket of an application, with what it has seen as normal. Event loop only. */
@ProviderType
public interface Listener {
    /** Name of the application. */
    String application();

    /** Its port. */
    int port();

    /** "http", "tls", "other" (the client speaks first), "server" (the server does), or "unknown". */
    String protocol();

    /** Connections the application has. */
    int open();

    /** Connections held, those taken back from the application included. */
    int held();

    /** Bytes held. */
    long heldBytes();

    /** Bytes of responses that wait in the gateway for clients who need more than ten seconds to take them. */
    long waitingBytes();

    /** Connections handed to the application of which it has not read a byte for {@code 100} ms: it does not keep up. */
    int unread();

    /**
     * 0 calm; 1 pressed: one connection had waited for the application for a second, or several at a time for half a second, or what is held or waits for
     * clients came near a bound, or more long requests waited than went on, in the last five seconds; 2 hard pressed: that has lasted for more than two seconds.
     */
    int pressure();

    /** The same of connections that wait for the application alone, so that fewer requests would help: at most {@link #pressure()}. */
    int overload();

    /** Nanoseconds from the first byte of a request head to its last that 95 % of them stay below; 0 until 20 were seen. */
    long normalHeadNanoseconds();

    /** Bytes a second that 95 % of request bodies exceed; 0 until 20 were seen. */
    long normalBodyRate();

    /** Bytes a second that 95 % of responses are taken with by their clients, or more; 0 until 20 were seen. */
    long normalResponseRate();
}
