package org.ringfence.gateway.internal;

/** How fast a counter grew between its last two looks, about a second apart. Event loop's thread only. */
final class Rate {
    private long last;
    private long perSecond;

    /** The counter begins anew at 0. */
    void reset() {
        last = 0;
        perSecond = 0;
    }

    void look(long total, long elapsedNanoseconds) {
        perSecond = Math.round(Math.max(0, total - last) * 1e9 / elapsedNanoseconds); // another version of the transport counts anew
        last = total;
    }

    long perSecond() {
        return perSecond;
    }
}
