package org.ringfence.shell.command;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.shell.text.Prefix;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:connections}: the table of connections. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "connections"})
public final class ConnectionsCommand extends Command {
    private static final String[] STATES = {"open", "held", "closing", "ended", "refused"};
    private static final int EVENTS = 1024; // all that are kept
    private static final String[] SORTS = {"id", "bytes", "age", "rate"};

    private final Lookup lookup;

    @Activate
    public ConnectionsCommand(@Reference Lookup lookup) {
        super(new Usage("connections", "open connections, and the last ones that ended or were refused")
                .option("--app", "NAME", "only those of an application", () -> names(lookup))
                .option("--remote", "CIDR", "only those with a peer in a prefix")
                .option("--state", "STATE", "only those that are " + String.join(", ", STATES), () -> List.of(STATES))
                .option("--sort", "KEY", "by " + String.join(", ", SORTS) + "; the most first, but id, which is the default", () -> List.of(SORTS))
                .option("--top", "N", "only the first N")
                .flag("--json", "for scripts")
                .example("connections --app nginx --remote 192.0.2.0/24 --sort bytes --top 10"));
        this.lookup = lookup;
    }

    static List<String> names(Lookup lookup) {
        return lookup.hasGateway() ? lookup.gateway().applications().stream().map(ApplicationReport::name).distinct().toList() : List.of();
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Stream<ConnectionReport> selected = lookup.gateway().connections().stream().filter(filter(arguments));
        Comparator<ConnectionReport> order = switch (arguments.oneOf("--sort", "id", SORTS)) {
            case "bytes" -> Comparator.comparingLong(c -> -c.bytesIn() - c.bytesOut());
            case "age" -> Comparator.comparingLong(c -> -c.milliseconds());
            case "rate" -> Comparator.comparingLong(c -> -rate(c));
            default -> Comparator.comparingLong(ConnectionReport::id);
        };
        long top = arguments.number("--top", 1, Long.MAX_VALUE, Long.MAX_VALUE);
        return rows(selected.sorted(order).limit(top).toList(), decisions(lookup), "none" + (arguments.has("--app") || arguments.has("--remote")
                || arguments.has("--state") ? " of that kind" : " yet"));
    }

    private static Predicate<ConnectionReport> filter(Arguments arguments) {
        String app = arguments.get("--app");
        String state = arguments.oneOf("--state", null, STATES);
        Prefix remote;
        try {
            remote = arguments.has("--remote") ? Prefix.parse(arguments.get("--remote")) : null;
        } catch (IllegalArgumentException e) {
            throw arguments.wrong("--remote " + e.getMessage());
        }
        return c -> (app == null || c.application().equals(app)) && (state == null || c.state().equals(state))
                && (remote == null || remote.holdsPeer(c.peer()));
    }

    static long rate(ConnectionReport connection) {
        return connection.bytesInPerSecond() + connection.bytesOutPerSecond();
    }

    /** The last decision about each connection that policies have said something of. */
    static Map<Long, PolicyEvent> decisions(Lookup lookup) {
        Map<Long, PolicyEvent> last = new HashMap<>();
        if (lookup.hasChain()) {
            lookup.chain().events(EVENTS).forEach(event -> last.put(event.connection(), event));
        }
        return last;
    }

    static String decision(PolicyEvent event) {
        return event.policy() + ": " + event.measure().name().toLowerCase(Locale.ROOT) + (event.enforced() ? "" : ", only observed") + ": " + event.evidence();
    }

    static Rows rows(List<ConnectionReport> connections, Map<Long, PolicyEvent> decisions, String whenEmpty) {
        Rows rows = new Rows(whenEmpty).number("id").text("app", "dir", "peer").number("port").bytes("in", "out").onlyJson("in/s", "out/s")
                .onlyShown("rate").span("age").text("state").onlyShown("judged").onlyJson("verdict", "by").text("decision");
        connections.forEach(c -> rows.row(c.id(), c.application(), c.inbound() ? "in" : "out", c.peer(), c.localPort(), c.bytesIn(),
                c.bytesOut(), c.bytesInPerSecond(), c.bytesOutPerSecond(), org.ringfence.shell.text.Units.bytes(rate(c)) + "/s",
                c.milliseconds(), c.state(), c.verdict() + " (" + c.decidedBy() + ")", c.verdict(), c.decidedBy(),
                decisions.containsKey(c.id()) ? decision(decisions.get(c.id())) : ""));
        return rows;
    }
}
