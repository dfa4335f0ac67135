package org.ringfence.shell.command;

import java.time.Instant;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ConnectionDetail;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.shell.text.Facts;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:connection}: everything known about one connection. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "connection"})
public final class ConnectionCommand extends Command {
    private final Lookup lookup;

    @Activate
    public ConnectionCommand(@Reference Lookup lookup) {
        super(new Usage("connection", "everything known about a connection, with its timeline")
                .operand("ID", "its number, as 'connections' shows it", () -> ids(lookup)).flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    static List<String> ids(Lookup lookup) {
        return lookup.hasGateway() ? lookup.gateway().connections().stream().map(c -> Long.toString(c.id())).toList() : List.of();
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        long id = arguments.number("ID", 1, Long.MAX_VALUE, 0);
        ConnectionDetail detail = lookup.gateway().connection(id).orElseThrow(() -> new Failure(Failure.FAILED, "connection: connection " + id
                + " is not known: 'connections' lists those that are open and the last 256 that ended"));
        ConnectionReport c = detail.connection();
        Facts facts = new Facts();
        facts.add("id", c.id());
        facts.add("application", c.application());
        facts.add("protocol", detail.protocol());
        facts.add("direction", c.inbound() ? "in" : "out");
        facts.add("peer", c.peer());
        facts.add("port", c.localPort());
        facts.add("state", c.state());
        facts.add("verdict", c.verdict());
        facts.add("by", c.decidedBy());
        PolicyEvent decision = ConnectionsCommand.decisions(lookup).get(id);
        if (decision != null) {
            facts.add("decision", ConnectionsCommand.decision(decision));
        }
        facts.add("arrived", Instant.ofEpochMilli(detail.epochMilliseconds()).toString());
        facts.add("age", c.milliseconds(), Units.span(c.milliseconds()));
        facts.add("bytes in", c.bytesIn());
        facts.add("bytes out", c.bytesOut());
        facts.add("in/s", c.bytesInPerSecond(), Units.bytes(c.bytesInPerSecond()));
        facts.add("out/s", c.bytesOutPerSecond(), Units.bytes(c.bytesOutPerSecond()));
        facts.add("application's slot", place(detail.applicationRegion(), detail.applicationSlot()));
        facts.add("INS's slot", place(detail.insRegion(), detail.insSlot()));
        Rows timeline = new Rows("nothing").onlyShown("after").onlyJson("microseconds").text("what");
        detail.timeline().forEach(moment -> timeline.row(Units.nanoseconds(moment.microseconds() * 1000), moment.microseconds(), moment.what()));
        facts.add("timeline", timeline);
        return facts;
    }

    private static String place(int region, int slot) {
        return region < 0 || slot < 0 ? "freed" : "region " + region + ", slot " + slot;
    }
}
