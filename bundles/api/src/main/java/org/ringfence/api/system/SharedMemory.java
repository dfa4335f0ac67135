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

    /**
     * Has pages mapped in this process that are about to be touched: many at once cost a twelfth of what their first touches would. Where the
     * kernel cannot (before Linux 5.14) nothing happens, and they are mapped as they are touched.
     *
     * @param offset of the first page, in bytes
     * @param bytes a multiple of the page size
     * @param written true if they are to be written, false if they are to be read where another process has written
     */
    void populate(long offset, long bytes, boolean written);

    /** Unmaps the memory and closes the descriptor. */
    @Override
    void close();
}
