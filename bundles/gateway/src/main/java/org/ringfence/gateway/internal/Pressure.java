package org.ringfence.gateway.internal;

/** How long something has been too much: it rises at once, and falls when for a while it was not. Event loop's thread only. */
final class Pressure {
    private static final long HARD_NANOSECONDS = 2_000_000_000L;

    private final long calmNanoseconds;
    private boolean pressed;
    private long since;
    private long last;

    /** @param calmNanoseconds without, after which it has ended */
    Pressure(long calmNanoseconds) {
        this.calmNanoseconds = calmNanoseconds;
    }

    void judge(boolean tooMuch, long now) {
        if (tooMuch) {
            if (!pressed) {
                pressed = true;
                since = now;
            }
            last = now;
        } else if (pressed && now - last > calmNanoseconds) {
            pressed = false;
        }
    }

    /** 0 none, 1 pressed, 2 hard pressed: for more than two seconds. */
    int degree() {
        return !pressed ? 0 : last - since > HARD_NANOSECONDS ? 2 : 1;
    }
}
