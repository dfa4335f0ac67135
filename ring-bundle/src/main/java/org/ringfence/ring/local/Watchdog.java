package org.ringfence.ring.local;

/**
 * Looks after regions: what a kill -9 may have left behind is put right, peers see that the gateway lives, and rings that nobody uses give
 * their memory back. Event loop's thread only.
 */
final class Watchdog {
    private static final int WATCH_MILLISECONDS = 50;
    private static final int SWEEP_MILLISECONDS = 1000;

    private long lastWatch = System.nanoTime();
    private long lastSweep = System.nanoTime();

    /**
     * Does what is due, and says how long this turn may sleep: while an application is attached never longer than the watchdog's period,
     * because a process killed between clearing the asleep flag and ringing leaves a sleeper that nobody else rings.
     *
     * @param milliseconds how long the turn would sleep otherwise; negative: without end
     */
    int look(LocalApplicationRegion[] applications, LocalInsRegion[] inss, int milliseconds) {
        long now = System.nanoTime();
        if (now - lastWatch >= WATCH_MILLISECONDS * 1_000_000L) {
            lastWatch = now;
            for (LocalApplicationRegion application : applications) {
                application.beat(now);
                if (application.isWatchful()) {
                    application.watch();
                }
            }
        }
        if (now - lastSweep >= SWEEP_MILLISECONDS * 1_000_000L) {
            lastSweep = now;
            for (LocalApplicationRegion application : applications) {
                application.restIdleRings();
            }
            for (LocalInsRegion ins : inss) {
                ins.beat(now);
                ins.restIdleRings();
            }
        }
        return milliseconds < 0 ? WATCH_MILLISECONDS : Math.min(milliseconds, WATCH_MILLISECONDS);
    }
}
