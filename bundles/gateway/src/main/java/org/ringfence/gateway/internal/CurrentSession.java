package org.ringfence.gateway.internal;

import java.util.List;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.DatagramFilter;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.Region;
import org.ringfence.api.transport.TransportSession;

/** The session of whichever version of the transport is in charge. Between two turns it may be exchanged, or be away. */
final class CurrentSession implements TransportSession {
    private volatile TransportSession session;

    /** @param next null while no transport is there */
    void exchange(TransportSession next) {
        session = next;
    }

    boolean isThere() {
        return session != null;
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

    @Override
    public void wake() {
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
        session.close();
    }
}
