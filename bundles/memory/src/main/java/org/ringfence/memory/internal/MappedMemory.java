package org.ringfence.memory.internal;

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ringfence.api.system.SharedMemory;

/** A mapped memfd. */
final class MappedMemory implements SharedMemory {
    private final int descriptor;
    private final long address;
    private final long bytes;
    private final ByteBuffer buffer;
    private boolean closed;

    MappedMemory(int descriptor, long address, long bytes) {
        this.descriptor = descriptor;
        this.address = address;
        this.bytes = bytes;
        buffer = new Pointer(address).getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public ByteBuffer buffer() {
        return buffer;
    }

    @Override
    public long address() {
        return address;
    }

    @Override
    public int descriptor() {
        return descriptor;
    }

    @Override
    public void punch(long offset, long length) {
        LoopLibrary.rf_loop_punch(descriptor, offset, length);
    }

    @Override
    public void populate(long offset, long length, boolean written) {
        LoopLibrary.rf_loop_populate(address + offset, length, written ? 1 : 0);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LoopLibrary.rf_loop_unmap(address, bytes);
            LoopLibrary.rf_loop_close(descriptor);
        }
    }
}
