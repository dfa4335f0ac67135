package org.ringfence.ring.local;

import java.io.IOException;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;

/**
 * What an application has of the gateway besides its region's memory: the doorbell, and the pool through which it is sent fresh sockets. Owns
 * the descriptors, also the pool's far end, which is sent to each process that attaches.
 */
record Channels(int doorbell, int poolNear, int poolFar) {
    /** @throws IOException if there are no descriptors left for all of them: then there are none */
    static Channels open(NativeSystem system) throws IOException {
        int doorbell = system.eventDescriptor();
        try {
            int[] pool = system.channel();
            return new Channels(doorbell, pool[0], pool[1]);
        } catch (IOException e) {
            system.close(doorbell);
            throw e;
        }
    }

    static Channels from(HandoverState from) {
        return new Channels(from.number("doorbell"), from.number("poolNear"), from.number("poolFar"));
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("doorbell", doorbell).put("poolNear", poolNear).put("poolFar", poolFar);
    }

    void watch(EventPort port, int region) {
        port.watch(doorbell, EventPort.IN | EventPort.EDGE, Key.of(Key.DOORBELL, region, 0));
        port.watch(poolNear, EventPort.OUT | EventPort.EDGE, Key.of(Key.POOL, region, 0));
    }

    void release(NativeSystem system) {
        system.close(doorbell);
        system.close(poolNear);
        system.close(poolFar);
    }
}
