package org.ringfence.gateway.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.DatagramFilter;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.Region;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;

/** The session of whichever version of the transport is in charge. Between two turns it may be exchanged, or be away. */
final class CurrentSession implements TransportSession {
    private volatile TransportSession session;
    /** What the last version knew when it was taken away, until the next one comes. Event loop's thread, as {@link #last}. */
    private HandoverState parked;
    /** The version that is in charge, or was. */
    private Transport last;

    /** @param next null while no transport is there */
    void exchange(TransportSession next) {
        session = next;
    }

    boolean isThere() {
        return session != null;
    }

    /**
     * Another version is in charge: it opens its own, or goes on where the last one stopped. If it throws, all stays as it is.
     *
     * @return true if there are regions and flows to go on with
     */
    boolean takeOver(Transport next, Path state, TransportListener listener) throws IOException {
        boolean goesOn = parked != null || isThere();
        TransportSession taking = !goesOn ? next.open(state, listener) : next.adopt(parked != null ? parked : session.handOver(), listener);
        parked = null;
        last = next;
        exchange(taking);
        return goesOn;
    }

    /** The version in charge goes: all that it knows waits for the next. */
    void park() {
        if (isThere()) {
            parked = session.handOver();
            exchange(null);
        }
    }

    /** Lets go of all regions; of parked ones in the words of the version that has parked them. */
    void end(TransportListener listener) {
        if (parked != null) {
            exchange(last.adopt(parked, listener));
            parked = null;
        }
        if (isThere()) {
            close();
        }
    }

    /** Nobody wakes it any more, nor is about to. */
    private synchronized TransportSession take() {
        TransportSession present = session;
        session = null;
        return present;
    }

    @Override
    public boolean hasRoom() {
        return session.hasRoom();
    }

    @Override
    public boolean hasWork() {
        return session.hasWork();
    }

    @Override
    public long turn(int milliseconds) {
        return session.turn(milliseconds);
    }

    @Override
    public void harvestCloses() {
        session.harvestCloses();
    }

    /** Any thread. While it runs, the session is not closed: its descriptor would be another one's. */
    @Override
    public synchronized void wake() {
        TransportSession present = session;
        if (present != null) {
            present.wake();
        }
    }

    @Override
    public int maxConnections() {
        return session.maxConnections();
    }

    @Override
    public void forget(int record) {
        session.forget(record);
    }

    @Override
    public Flow newFlow(Direction direction) {
        return session.newFlow(direction);
    }

    @Override
    public Flow newDatagramFlow(Direction direction, DatagramFilter filter) {
        return session.newDatagramFlow(direction, filter);
    }

    @Override
    public void detach(Region region, String reason) {
        session.detach(region, reason);
    }

    @Override
    public List<ApplicationRegion> applications() {
        return session.applications();
    }

    @Override
    public List<InsRegion> inss() {
        return session.inss();
    }

    @Override
    public HandoverState handOver() {
        return session.handOver();
    }

    @Override
    public void close() {
        take().close();
    }
}
