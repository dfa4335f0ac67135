package org.ringfence.api.policy;

/**
 * How connections of a listener are held. A policy makes one when it is configured, and gives the same again and again.
 *
 * @param evidence what is waited for
 * @param headBytes longest request head that is held; a longer one goes to the application as far as it has come
 * @param bodyBytes longest body that is held until it is complete; a longer one is passed on as it comes
 * @param silentMilliseconds how long a connection may be held without a byte
 * @param headMilliseconds how long a head, or a ClientHello, may take from its first byte
 * @param bodyMilliseconds how long a held body may take
 * @param idleMilliseconds how long a connection taken back from the application may wait for its next request
 * @param connections held connections of a listener, above which the slowest are reset
 * @param bytes bytes held of a listener's connections, above which the slowest are reset
 * @param probes with {@link Evidence#AUTO}: connections that may pass without evidence at a time while it is not known who speaks first
 * @param absorbBytes of a response that are taken from the application at once, per connection
 * @param absorbTotal bytes of responses that wait for the clients of a listener, above which those who take least are reset
 * @param reparks whether idle connections are taken back from an application that does not keep up
 * @param enforced false: all is watched and decided, nothing is held, taken back or reset
 * @param sourceConnections held connections of a listener from one source, an IPv4 address or an IPv6 prefix of 64 bits, above which that
 *         source's slowest are reset
 * @param sourceBytes bytes held of them, likewise
 */
public record HoldRule(Evidence evidence, int headBytes, int bodyBytes, int silentMilliseconds, int headMilliseconds, int bodyMilliseconds,
        int idleMilliseconds, int connections, long bytes, int probes, int absorbBytes, long absorbTotal, boolean reparks, boolean enforced,
        int sourceConnections, long sourceBytes) {
    /** Nothing is held. */
    public static final HoldRule NONE = new HoldRule(Evidence.NONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 20, 256 << 20, false, true);

    /** One source may have all that is held. */
    public HoldRule(Evidence evidence, int headBytes, int bodyBytes, int silentMilliseconds, int headMilliseconds, int bodyMilliseconds,
            int idleMilliseconds, int connections, long bytes, int probes, int absorbBytes, long absorbTotal, boolean reparks, boolean enforced) {
        this(evidence, headBytes, bodyBytes, silentMilliseconds, headMilliseconds, bodyMilliseconds, idleMilliseconds, connections, bytes, probes, absorbBytes,
                absorbTotal, reparks, enforced, connections, bytes);
    }
}
