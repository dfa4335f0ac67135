package org.ringfence.api.transport;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;
import org.ringfence.api.handover.HandoverState;

/** The ring transport. A service. */
@ProviderType
public interface Transport {
    /**
     * Begins to listen for applications and INSs.
     *
     * @param state directory of {@code attach.sock} and {@code ins.sock}, mode 0700
     * @param listener told what happens, on the thread that calls {@link TransportSession#turn}
     */
    TransportSession open(Path state, TransportListener listener) throws IOException;

    /**
     * Goes on where another version's session stopped: the regions, descriptors and connections live on. Changes nothing if it throws. Called
     * on the thread that calls {@link TransportSession#turn}, between two turns.
     *
     * @param state of {@link TransportSession#handOver}
     * @throws IllegalArgumentException if this version does not understand the state
     */
    TransportSession adopt(HandoverState state, TransportListener listener);
}
