package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.Gateway;

/** {@code ringfence:reset}: ends a connection: both its ends see a reset. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "reset"})
public final class ResetCommand extends InterveneCommand {
    @Activate
    public ResetCommand(@Reference Lookup lookup) {
        super("reset", "ends a connection: both its ends see a reset", lookup, Gateway::reset, "is reset");
    }
}
