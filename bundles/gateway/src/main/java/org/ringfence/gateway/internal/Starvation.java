package org.ringfence.gateway.internal;

import java.util.List;

/**
 * Tells from {@code /proc/stat} (proc(5)) when one CPU is not enough: it has been busy all the time, and the others mostly idle, for
 * several looks in a row. One thread only.
 */
final class Starvation {
    private static final double BUSY = 0.95;
    private static final double IDLE = 0.5;
    private static final int LOOKS = 3;
    private static final int IDLE_FIELD = 4;
    private static final int IOWAIT_FIELD = 5;
    private static final int LAST_FIELD = 8; // steal; guest time is contained in user time

    private final int cpu;
    private long busyBefore;
    private long allBefore;
    private long othersBusyBefore;
    private long othersAllBefore;
    private int starved = -1;

    /** @param cpu the number of the CPU that all share */
    Starvation(int cpu) {
        this.cpu = cpu;
    }

    /** Takes a look about once a second. True when the CPU has been too small for {@value #LOOKS} looks; then it counts anew. */
    boolean look(List<String> procStat) {
        long busy = 0;
        long all = 0;
        long othersBusy = 0;
        long othersAll = 0;
        for (String line : procStat) {
            if (!line.startsWith("cpu") || line.startsWith("cpu ")) {
                continue;
            }
            String[] fields = line.split(" +");
            long sum = 0;
            for (int i = 1; i <= LAST_FIELD; i++) {
                sum += Long.parseLong(fields[i]);
            }
            long used = sum - Long.parseLong(fields[IDLE_FIELD]) - Long.parseLong(fields[IOWAIT_FIELD]);
            if (fields[0].equals("cpu" + cpu)) {
                busy = used;
                all = sum;
            } else {
                othersBusy += used;
                othersAll += sum;
            }
        }
        boolean tight = busy - busyBefore >= BUSY * (all - allBefore) && all > allBefore
                && othersBusy - othersBusyBefore <= (1 - IDLE) * (othersAll - othersAllBefore) && othersAll > othersAllBefore;
        // the first look has nothing to compare with
        starved = starved < 0 || !tight ? 0 : starved + 1;
        busyBefore = busy;
        allBefore = all;
        othersBusyBefore = othersBusy;
        othersAllBefore = othersAll;
        if (starved == LOOKS) {
            starved = 0;
            return true;
        }
        return false;
    }
}
