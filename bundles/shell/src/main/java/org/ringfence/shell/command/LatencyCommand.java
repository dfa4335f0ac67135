package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:latency}: how long the stages of the event loop take. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "latency"})
public final class LatencyCommand extends Command {
    private final Lookup lookup;

    @Activate
    public LatencyCommand(@Reference Lookup lookup) {
        super(new Usage("latency", "how long the stages of the event loop took since the gateway started").flag("--json", "for scripts: nanoseconds"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("nothing was measured yet").text("stage").number("count").nanoseconds("p50", "p90", "p99", "p99.9", "max").text("what");
        lookup.gateway().latencies().forEach(l -> rows.row(l.stage(), l.count(), l.p50(), l.p90(), l.p99(), l.p999(), l.max(), l.meaning()));
        return rows;
    }
}
