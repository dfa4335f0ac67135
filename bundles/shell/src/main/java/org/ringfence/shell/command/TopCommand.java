package org.ringfence.shell.command;

import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.LatencyReport;
import org.ringfence.shell.text.Facts;
import org.ringfence.shell.text.Json;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:top}: what goes on, refreshed in place. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "top"})
public final class TopCommand extends Command {
    /** Lines that are not those of connections, but for the applications. */
    private static final int OTHER_LINES = 9;

    private final Lookup lookup;

    @Activate
    public TopCommand(@Reference Lookup lookup) {
        super(new Usage("top", "applications and the busiest connections, refreshed in place; until Ctrl-C")
                .option("--every", "TIME", "how often (default: 1s)").option("--count", "N", "ends after N times")
                .flag("--json", "an object a line, for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        long every = arguments.span("--every", 100, 1000);
        long count = arguments.number("--count", 1, Long.MAX_VALUE, Long.MAX_VALUE);
        boolean json = arguments.has("--json");
        for (long i = 0; i < count && (i == 0 || screen.pause(every)); i++) {
            if (json) {
                screen.line(Json.of(view(20).asMap()));
            } else {
                screen.replace(view(Math.max(5, screen.rows(30) - OTHER_LINES)).toString());
            }
        }
        return null;
    }

    private Facts view(int lines) {
        Gateway gateway = lookup.gateway();
        List<ApplicationReport> applications = gateway.applications();
        List<ConnectionReport> connections = gateway.connections();
        LatencyReport turn = gateway.latencies().get(0);
        long open = connections.stream().filter(c -> c.state().equals("open") || c.state().equals("held")).count();
        Rows apps = new Rows("none attached").text("name").number("pid", "connections", "calls/s").bytes("in/s", "out/s");
        applications.stream().sorted(Comparator.comparingLong(a -> -a.bytesInPerSecond() - a.bytesOutPerSecond())).limit(10)
                .forEach(a -> apps.row(a.name(), a.pid(), a.connections(), a.callsPerSecond(), a.bytesInPerSecond(), a.bytesOutPerSecond()));
        List<ConnectionReport> busiest = connections.stream().filter(c -> !c.state().equals("ended") && !c.state().equals("refused"))
                .sorted(Comparator.comparingLong((ConnectionReport c) -> -ConnectionsCommand.rate(c)).thenComparingLong(c -> -c.bytesIn() - c.bytesOut()))
                .limit(Math.max(3, lines - applications.size())).toList();
        return new Facts().add("time", LocalTime.now().truncatedTo(ChronoUnit.SECONDS).toString())
                .add("calls", gateway.calls())
                .add("open connections", open)
                .add("turns", turn.count(), turn.count() + ", median " + Units.nanoseconds(turn.p50()) + ", 99 % " + Units.nanoseconds(turn.p99()))
                .add("applications", apps).add("connections", ConnectionsCommand.rows(busiest, Map.of(), "none open"));
    }
}
