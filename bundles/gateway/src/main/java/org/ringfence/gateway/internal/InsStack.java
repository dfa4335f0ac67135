package org.ringfence.gateway.internal;

import org.ringfence.api.policy.Stack;
import org.ringfence.api.transport.InsRegion;

/** What an INS's stack had counted at its last look, copied out of its region. Event loop's thread only. */
final class InsStack implements Stack {
    private final String ins;
    private long looks;
    private long lookedAt;
    private long cookies;
    private long dropped;
    private long repeated;
    private long opened;
    private long overflows;

    InsStack(String ins) {
        this.ins = ins;
    }

    /** True if the INS has looked again. */
    boolean look(InsRegion region, long now) {
        long seen = region.stackLooks();
        if (seen == looks) {
            return false;
        }
        looks = seen;
        lookedAt = now;
        cookies = region.stackCookies();
        dropped = region.stackDropped();
        repeated = region.stackRepeated();
        opened = region.stackOpened();
        overflows = region.stackOverflows();
        return true;
    }

    /** False: this stack does not tell. */
    boolean tells() {
        return looks != 0;
    }

    @Override
    public String ins() {
        return ins;
    }

    @Override
    public long lookedAt() {
        return lookedAt;
    }

    @Override
    public long cookies() {
        return cookies;
    }

    @Override
    public long dropped() {
        return dropped;
    }

    @Override
    public long repeated() {
        return repeated;
    }

    @Override
    public long opened() {
        return opened;
    }

    @Override
    public long overflows() {
        return overflows;
    }
}
