package org.ringfence.api.call;

/**
 * What a translator needs to translate the answer to a call: plain numbers, kept by the gateway while the call is under
 * way, so that a newer translator can finish what an older one began. A translator gives a number one meaning per
 * version, and understands the versions before its own.
 */
public final class CallContext {
    /** Version of the meaning of the other numbers, see {@link CallTranslator#contextVersion()}. */
    public int version;
    /** Number of the {@link Operation} in the application's ABI. */
    public int operation;
    public long first;
    public long second;
    public long third;

    public void copyFrom(CallContext other) {
        version = other.version;
        operation = other.operation;
        first = other.first;
        second = other.second;
        third = other.third;
    }
}
