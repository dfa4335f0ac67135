package org.ringfence.shell.command;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:events}: the last decisions of the policies, with their evidence. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "events"})
public final class EventsCommand extends Command {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

    private final Lookup lookup;

    @Activate
    public EventsCommand(@Reference Lookup lookup) {
        super(new Usage("events", "the last decisions of the policies, and why")
                .option("--last", "N", "how many, at most 1024; 40 if not said")
                .flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("no decision yet").onlyShown("time").onlyJson("epoch_milliseconds").text("source", "policy", "measure", "done").number("connection")
                .text("listener").number("alike").text("evidence");
        for (PolicyEvent e : lookup.chain().events((int) arguments.number("--last", 1, 1024, 40))) {
            rows.row(TIME.format(Instant.ofEpochMilli(e.time()).atZone(ZoneId.systemDefault())), e.time(), e.source(), e.policy(),
                    e.measure().name().toLowerCase(Locale.ROOT), e.enforced() ? "yes" : "observed", e.connection(), e.application() + ":" + e.port(), e.repeated(),
                    e.evidence());
        }
        return rows;
    }
}
