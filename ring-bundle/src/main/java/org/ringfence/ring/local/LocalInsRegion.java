package org.ringfence.ring.local;

import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.region.FrontendRegion;

/** An INS on this machine: it rings an eventfd, and is rung through a socketpair. */
final class LocalInsRegion extends FrontendRegion {
    private final LocalSession session;
    private final NativeSystem system;
    private final EventPort port;
    private final int doorbell;
    private final int bell;
    private final int connection;

    LocalInsRegion(LocalSession session, NativeSystem system, EventPort port, SharedMemory shared, int id, String name, int pid,
            int doorbell, int bell, int connection) {
        super(shared, id, name, pid);
        this.session = session;
        this.system = system;
        this.port = port;
        this.doorbell = doorbell;
        this.bell = bell;
        this.connection = connection;
        port.watch(doorbell, EventPort.IN | EventPort.EDGE, Key.of(Key.DOORBELL, id, 0));
    }

    LocalInsRegion(LocalSession session, NativeSystem system, EventPort port, HandoverState from) {
        super(from);
        this.session = session;
        this.system = system;
        this.port = port;
        doorbell = from.number("doorbell");
        bell = from.number("bell");
        connection = from.number("connection");
    }

    @Override
    protected HandoverState handOver() {
        return super.handOver().put("doorbell", doorbell).put("bell", bell).put("connection", connection);
    }

    @Override
    protected boolean takeHeap(long bytes) {
        return session.regions().takeHeap(bytes);
    }

    void ringIfAsleep() {
        if (mustRing()) {
            port.ring(bell);
            wakesSent++;
        }
    }

    int memoryDescriptor() {
        return shared.descriptor();
    }

    @Override
    protected void violated(ProtocolViolation violation) {
        session.detach(this, violation.getMessage());
    }

    void release() {
        system.close(doorbell);
        system.close(bell);
        system.close(connection);
        close();
    }
}
