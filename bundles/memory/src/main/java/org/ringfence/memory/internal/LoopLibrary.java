package org.ringfence.memory.internal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code native/loop/loop.h}, mapped directly (JNA direct mapping costs 160 to 250 ns a call; interface mapping two to three times
 * as much). All functions return {@code -errno} on error.
 */
final class LoopLibrary {
    /** Must precede every use; once in the life of the bundle. */
    static void load(Path directory) {
        Path library = directory.resolve("libringfence-loop.so");
        if (!Files.isReadable(library)) {
            throw new IllegalStateException("native library " + library
                    + " is missing: build it with 'make -C native', or set ringfence.native to its directory");
        }
        Native.register(LoopLibrary.class, NativeLibrary.getInstance(library.toString()));
    }

    static native int rf_loop_turn(int epoll, Pointer actions, int count, Pointer events, int capacity, int milliseconds);

    static native int rf_loop_wait_its_turn();

    static native int rf_loop_epoll();

    static native int rf_loop_eventfd();

    static native int rf_loop_signal(int eventfd);

    static native int rf_loop_channel(int[] ends);

    static native int rf_loop_bell(int[] ends);

    static native int rf_loop_close(int fd);

    static native int rf_loop_memory(String name, long bytes);

    static native long rf_loop_map(int memfd, long bytes);

    static native int rf_loop_unmap(long address, long bytes);

    static native int rf_loop_punch(int memfd, long offset, long bytes);

    static native int rf_loop_populate(long address, long bytes, int written);

    static native long rf_loop_region_bytes(int slots, int commands, int cells, long poolBytes);

    static native int rf_loop_format(long address, int abi, int slots, int commands, int cells, long poolBytes, long regionId);

    static native int rf_loop_listen(String path);

    static native int rf_loop_accept(int listener, int[] pid);

    static native int rf_loop_receive(int fd, byte[] packet, int length);

    static native int rf_loop_send(int fd, byte[] packet, int length, int[] descriptors, int count);

    private LoopLibrary() {
    }
}
