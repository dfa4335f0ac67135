package org.ringfence.api.system;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The system calls the gateway needs and Java does not have. A service; its methods may be called from any thread and throw
 * IOException naming the call and its errno.
 */
@ProviderType
public interface NativeSystem {
    /** A formatted region ({@code rf_region_format}). */
    SharedMemory createRegion(String name, Geometry geometry, int regionId) throws IOException;

    /** Size in bytes of a region of this geometry; negative if the geometry is impossible. */
    long regionBytes(Geometry geometry);

    /** Zeroed memory of {@code bytes}. */
    SharedMemory createMemory(String name, long bytes) throws IOException;

    /** A new event port. */
    EventPort openEventPort() throws IOException;

    /** A listening SOCK_SEQPACKET unix socket, mode 0600; replaces what is at the path. */
    int listen(Path path) throws IOException;

    /** Accepts; the peer's pid goes to {@code pid[0]}. The descriptor, or a negative errno. */
    int accept(int listener, int[] pid);

    /** Receives one packet into {@code packet}. Its length, 0 at the end, or a negative errno. */
    int receive(int descriptor, byte[] packet);

    /** Sends one packet with descriptors. Its length, or a negative errno. */
    int send(int descriptor, byte[] packet, int... descriptors);

    /** An eventfd. */
    int eventDescriptor() throws IOException;

    /** Adds 1 to an eventfd of the gateway's own. Any thread. */
    void signal(int eventDescriptor);

    /** A SOCK_SEQPACKET socketpair. */
    int[] channel() throws IOException;

    /** A doorbell, a stream socketpair: the end that {@link EventPort#ring} rings, the end that hears it. */
    int[] bell() throws IOException;

    void close(int descriptor);
}
