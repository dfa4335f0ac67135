package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:apps}: the attached applications. {@code applications} is its long name. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "apps", Command.FUNCTION + "applications"})
public final class AppsCommand extends Command {
    private final Lookup lookup;

    @Activate
    public AppsCommand(@Reference Lookup lookup) {
        super(new Usage("apps", "the attached applications, with what they did in the last second").flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = rows();
        lookup.gateway().applications().forEach(a -> rows.row(a.region(), a.name(), a.pid(), a.sockets(), a.listeners(), a.connections(),
                a.callsPerSecond(), a.bytesInPerSecond(), a.bytesOutPerSecond(), Processes.memory(a.pid())));
        return rows;
    }

    private static Rows rows() {
        return new Rows("none attached: start one with './ringfence run -- COMMAND'").number("region").text("name")
                .number("pid", "sockets", "listeners", "connections", "calls/s").bytes("in/s", "out/s", "memory");
    }
}
