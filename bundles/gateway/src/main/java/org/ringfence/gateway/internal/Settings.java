package org.ringfence.gateway.internal;

/**
 * How the event loop behaves while a service is away.
 *
 * @param absentNanoseconds what needs a verdict or a translation waits so long before it is refused
 * @param holdEstablished without a policy chain the bytes of established connections wait, too
 */
record Settings(long absentNanoseconds, boolean holdEstablished) {
    static Settings of(long absentMilliseconds, boolean holdEstablished) {
        return new Settings(absentMilliseconds * 1_000_000, holdEstablished);
    }
}
