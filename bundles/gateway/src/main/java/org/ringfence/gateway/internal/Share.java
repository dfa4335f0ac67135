package org.ringfence.gateway.internal;

/**
 * Something of which there is so much for all applications. Whoever has little gets more sooner than whoever has much, who gets none when he has as much as is left, or a multiple: so
 * nobody ever has all, and something is left for whoever has none. Event loop's thread only.
 */
final class Share {
    private final int most;
    private final int weight;
    private int taken;

    /** @param weight how many times as much as is left one application may have */
    Share(int most, int weight) {
        this.most = most;
        this.weight = weight;
    }

    /** What may yet be taken by whoever has so much, in the present state of things; 0 or less: nothing. */
    int allows(int own) {
        return weight * (most - taken) - own;
    }

    /** True if there is some, whoever wants it. */
    boolean isLeft() {
        return taken < most;
    }

    void take() {
        taken++;
    }

    void giveBack() {
        taken--;
    }
}
