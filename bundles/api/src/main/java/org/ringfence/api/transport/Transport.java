package org.ringfence.api.transport;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

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
}
