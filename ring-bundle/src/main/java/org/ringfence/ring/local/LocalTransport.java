package org.ringfence.ring.local;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.transport.Transport;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;

/** The transport for applications and INSs on the same machine: sealed memfds, eventfds, unix sockets. */
@Component(configurationPid = "org.ringfence.ring.local")
@Designate(ocd = LocalTransport.Config.class)
public final class LocalTransport implements Transport {
    @ObjectClassDefinition(name = "Ringfence local transport", description = "Sizes of the regions of applications and INSs that attach from now on")
    public @interface Config {
        @AttributeDefinition(name = "Slots", description = "Sockets a region has, a multiple of 64, at most 65536", min = "64", max = "65536")
        int slots() default 32768;

        @AttributeDefinition(name = "Commands", description = "Entries of a command ring, a power of two", min = "16")
        int commands() default 1024;

        @AttributeDefinition(name = "Cells of an application", description = "Calls an application can have under way, a multiple of 64, at most 4096")
        int application_cells() default 1024;

        @AttributeDefinition(name = "Cells of an INS", description = "Calls an INS can have under way, a multiple of 64, at most 4096")
        int ins_cells() default 4096;

        @AttributeDefinition(name = "Connections", description = "Sockets of all applications together; read when the gateway starts", min = "64")
        int connections() default 65536;

        @AttributeDefinition(name = "Pool", description = "Memory for a region's data rings in MiB; pages are used only when touched", min = "1", max = "960")
        int pool_mebibytes() default 960;
    }

    private final NativeSystem system;
    private final Config config;

    @Activate
    public LocalTransport(@Reference NativeSystem system, Config config) {
        this.system = system;
        this.config = config;
    }

    @Override
    public TransportSession open(Path state, TransportListener listener) throws IOException {
        return new LocalSession(system, state, listener, config);
    }

    @Override
    public TransportSession adopt(HandoverState state, TransportListener listener) {
        return new LocalSession(system, state.expect(LocalSession.KIND, LocalSession.VERSION), listener, config);
    }
}
