package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;

/** The last connections that ended: a ring, whose places are used again unless somebody was given what is there. Event loop's thread only. */
final class EndedConnections {
    static final int KEPT = 256;

    private final ConnectionSnapshot[] places = new ConnectionSnapshot[KEPT];
    private long count;
    /** So many had ended when they were last given to somebody. */
    private long given;

    /** The place of the next one, in the place of the oldest. */
    ConnectionSnapshot next() {
        int at = (int) (count % KEPT);
        if (count - KEPT < given) {
            places[at] = new ConnectionSnapshot();
        }
        count++;
        return places[at];
    }

    /** All of them, the oldest first; they stay as they are. */
    List<ConnectionSnapshot> give() {
        List<ConnectionSnapshot> all = new ArrayList<>();
        for (long i = Math.max(0, count - KEPT); i < count; i++) {
            all.add(places[(int) (i % KEPT)]);
        }
        given = count;
        return all;
    }
}
