package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:ins}: the attached isolated network stacks. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "ins"})
public final class InsCommand extends Command {
    private final Lookup lookup;

    @Activate
    public InsCommand(@Reference Lookup lookup) {
        super(new Usage("ins", "the attached isolated network stacks; silent: since the last heartbeat").flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("none attached: './ringfence logs' says why").number("region", "pid").text("abi").number("sockets", "connections")
                .bytes("in/s", "out/s", "memory").span("silent").text("name");
        lookup.gateway().inss().forEach(i -> rows.row(i.region(), i.pid(), i.abi(), i.sockets(), i.connections(), i.bytesInPerSecond(),
                i.bytesOutPerSecond(), Processes.memory(i.pid()), i.silentMilliseconds(), i.name()));
        return rows;
    }
}
