package org.ringfence.memory.internal;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.Geometry;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;

/**
 * {@link NativeSystem} through JNA. This bundle is never refreshed while the gateway runs: JNA cannot be loaded twice, and the
 * memory it mapped belongs to connections.
 */
@Component(service = NativeSystem.class)
public final class JnaSystem implements NativeSystem {
    /** Framework property: directory of the built native libraries. */
    static final String NATIVE = "ringfence.native";

    private static final long GIB = 1L << 30;

    @Activate
    public JnaSystem(BundleContext context) {
        this(Path.of(required(context.getProperty(NATIVE))));
    }

    /** For use without a framework. */
    public JnaSystem(Path directory) {
        LoopLibrary.load(directory.toAbsolutePath());
    }

    private static String required(String directory) {
        if (directory == null) {
            throw new IllegalStateException("framework property " + NATIVE + " is not set: it names the directory of libringfence-loop.so");
        }
        return directory;
    }

    private static int check(int result, String call) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": errno " + -result);
        }
        return result;
    }

    @Override
    public SharedMemory createRegion(String name, Geometry g, int regionId) throws IOException {
        long bytes = regionBytes(g);
        if (bytes < 0) {
            throw new IOException("a region cannot have this geometry: " + g);
        }
        SharedMemory memory = createMemory(name, bytes);
        int result = LoopLibrary.rf_loop_format(memory.address(), g.abi(), g.slots(), g.commands(), g.cells(), g.poolBytes(), regionId);
        if (result < 0) {
            memory.close();
            throw new IOException("formatting region '" + name + "': errno " + -result);
        }
        return memory;
    }

    @Override
    public long regionBytes(Geometry g) {
        return LoopLibrary.rf_loop_region_bytes(g.slots(), g.commands(), g.cells(), g.poolBytes());
    }

    @Override
    public SharedMemory createMemory(String name, long bytes) throws IOException {
        if (bytes <= 0 || bytes > GIB) {
            throw new IOException("memory '" + name + "' of " + bytes + " bytes: it must have 1 to " + GIB);
        }
        int descriptor = check(LoopLibrary.rf_loop_memory(name, bytes), "memfd_create of " + bytes + " bytes for '" + name + "'");
        long address = LoopLibrary.rf_loop_map(descriptor, bytes);
        if (address < 0 && address > -4096) {
            LoopLibrary.rf_loop_close(descriptor);
            throw new IOException("mmap of " + bytes + " bytes for '" + name + "': errno " + -address);
        }
        return new MappedMemory(descriptor, address, bytes);
    }

    @Override
    public EventPort openEventPort() throws IOException {
        return new JnaEventPort(check(LoopLibrary.rf_loop_epoll(), "epoll_create1"));
    }

    @Override
    public int listen(Path path) throws IOException {
        return check(LoopLibrary.rf_loop_listen(path.toString()), "listening on " + path);
    }

    @Override
    public int accept(int listener, int[] pid) {
        return LoopLibrary.rf_loop_accept(listener, pid);
    }

    @Override
    public int receive(int descriptor, byte[] packet) {
        return LoopLibrary.rf_loop_receive(descriptor, packet, packet.length);
    }

    @Override
    public int send(int descriptor, byte[] packet, int... descriptors) {
        return LoopLibrary.rf_loop_send(descriptor, packet, packet.length, descriptors, descriptors.length);
    }

    @Override
    public int eventDescriptor() throws IOException {
        return check(LoopLibrary.rf_loop_eventfd(), "eventfd");
    }

    @Override
    public void signal(int eventDescriptor) {
        LoopLibrary.rf_loop_signal(eventDescriptor);
    }

    @Override
    public int[] channel() throws IOException {
        int[] ends = new int[2];
        check(LoopLibrary.rf_loop_channel(ends), "socketpair");
        return ends;
    }

    @Override
    public int[] bell() throws IOException {
        int[] ends = new int[2];
        check(LoopLibrary.rf_loop_bell(ends), "socketpair");
        return ends;
    }

    @Override
    public void close(int descriptor) {
        LoopLibrary.rf_loop_close(descriptor);
    }
}
