package org.ringfence.ssh.internal;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/** Connections that have not logged in, in the order they came in, and no more than a bound: one more takes the place of the oldest. Any thread. */
final class Strangers<T> {
    private final Set<T> all = new LinkedHashSet<>();
    private final int most;

    Strangers(int most) {
        this.most = most;
    }

    /** The one whose place it takes, which is no longer among them; null if there was room. */
    synchronized T add(T stranger) {
        T oldest = null;
        if (all.size() >= most) {
            Iterator<T> first = all.iterator();
            oldest = first.next();
            first.remove();
        }
        all.add(stranger);
        return oldest;
    }

    synchronized void remove(T stranger) {
        all.remove(stranger);
    }
}
