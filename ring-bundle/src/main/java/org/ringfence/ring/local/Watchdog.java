package org.ringfence.ring.local;

/**
 * Looks after regions: what a kill -9 may have left behind is put right, peers see that the gateway lives, and rings that nobody uses give
 * their memory back. Event loop's thread only.
 */
final class Watchdog {
    private static final int WATCH_MILLISECONDS = 50;
    private static final int SWEEP_MILLISECONDS = 1000;
    /** Between two spells of giving memory of idle rings back, and for each: a thousand connections may fall idle at once, and nobody is to wait for that. */
    private static final int REST_MILLISECONDS = 5;
    private static final long REST_NANOSECONDS = 400_000;

    private long lastWatch = System.nanoTime();
    private long lastSweep = System.nanoTime();
    private long lastRest = System.nanoTime();
    private boolean resting;

    /**
     * Does what is due, and says how long this turn may sleep: while an application is attached never longer than the watchdog's period,
     * because a process killed between clearing the asleep flag and ringing leaves a sleeper that nobody else rings.
     *
     * @param milliseconds how long the turn would sleep otherwise; negative: without end
     */
    int look(LocalApplicationRegion[] applications, LocalInsRegion[] inss, int milliseconds) {
        long now = System.nanoTime();
        boolean watches = now - lastWatch >= WATCH_MILLISECONDS * 1_000_000L;
        if (watches) {
            lastWatch = now;
            for (LocalApplicationRegion application : applications) {
                application.beat(now);
                application.loans().age();
                if (application.isWatchful()) {
                    application.watch();
                }
            }
        }
        if (now - lastSweep >= SWEEP_MILLISECONDS * 1_000_000L) {
            lastSweep = now;
            for (LocalApplicationRegion application : applications) {
                application.lookForIdleRings();
                application.loans().sweep();
                application.endWhatIsOver(now);
            }
            for (LocalInsRegion ins : inss) {
                ins.beat(now);
                ins.lookForIdleRings();
            }
        }
        boolean rests = rest(applications, inss, now);
        int most = rests ? REST_MILLISECONDS : WATCH_MILLISECONDS;
        return milliseconds < 0 ? most : Math.min(milliseconds, most);
    }

    /** True if there is more to give back. */
    private boolean rest(LocalApplicationRegion[] applications, LocalInsRegion[] inss, long now) {
        if (now - lastRest < REST_MILLISECONDS * 1_000_000L) {
            return resting;
        }
        lastRest = now;
        long until = now + REST_NANOSECONDS;
        resting = false;
        for (LocalApplicationRegion application : applications) {
            resting |= application.restIdleRings(until);
        }
        for (LocalInsRegion ins : inss) {
            resting |= ins.restIdleRings(until);
        }
        return resting;
    }
}
