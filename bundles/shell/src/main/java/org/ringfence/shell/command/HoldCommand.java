package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.Gateway;

/** {@code ringfence:hold}: moves no more bytes of a connection until it is released. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "hold"})
public final class HoldCommand extends InterveneCommand {
    @Activate
    public HoldCommand(@Reference Lookup lookup) {
        super("hold", "moves no more bytes of a connection until it is released", lookup, Gateway::hold, "is held");
    }
}
