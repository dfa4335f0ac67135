package org.ringfence.api.system;

import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A mapped, sealed memfd. After {@link #close} its buffer must not be touched: there is no memory behind it. Whoever creates
 * it closes it, on the event loop.
 */
@ProviderType
public interface SharedMemory extends AutoCloseable {
    /** The whole memory, native byte order, at most 1 GiB. Always the same buffer; its position is nobody's. */
    ByteBuffer buffer();

    /** Address of the first byte in this process. */
    long address();

    int descriptor();

    /** Gives whole pages back to the kernel; they read as zeros again. */
    void punch(long offset, long bytes);

    /** Unmaps the memory and closes the descriptor. */
    @Override
    void close();
}
