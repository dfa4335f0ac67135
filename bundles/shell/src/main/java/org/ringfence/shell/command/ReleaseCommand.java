package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.Gateway;

/** {@code ringfence:release}: lets a held connection go on. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "release"})
public final class ReleaseCommand extends InterveneCommand {
    @Activate
    public ReleaseCommand(@Reference Lookup lookup) {
        super("release", "lets a held connection go on", lookup, Gateway::release, "goes on");
    }
}
