package org.ringfence.shell.command;

import java.util.List;

import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.InsReport;

/** The commands that show what the gateway tells: {@code applications}, {@code ins}, {@code connections} and {@code trace}. */
@Component(service = GatewayCommands.class, property = {
    "osgi.command.scope=ringfence",
    "osgi.command.function=applications", "osgi.command.function=ins",
    "osgi.command.function=connections", "osgi.command.function=trace"
})
public final class GatewayCommands {

    /** Calls that {@code trace} shows when it is not told how many. */
    private static final int TRACE_LINES = 40;

    private final Gateway gateway;

    @Activate
    public GatewayCommands(@Reference Gateway gateway) {
        this.gateway = gateway;
    }

    @Descriptor("attached applications")
    public String applications() {
        List<ApplicationReport> reports = gateway.applications();
        if (reports.isEmpty()) {
            return "none attached: start one with 'ringfence run -- COMMAND'";
        }
        Table table = new Table(">REGION", "NAME", ">PID", ">SOCKETS", ">LISTENERS", ">CONNECTIONS");
        reports.forEach(r -> table.row(r.region(), r.name(), r.pid(), r.sockets(), r.listeners(), r.connections()));
        return table.toString();
    }

    @Descriptor("attached isolated network stacks")
    public String ins() {
        List<InsReport> reports = gateway.inss();
        if (reports.isEmpty()) {
            return "none attached: 'ringfence logs' says why";
        }
        Table table = new Table(">REGION", ">PID", "ABI", ">SOCKETS", ">CONNECTIONS");
        reports.forEach(r -> table.row(r.region(), r.pid(), r.abi(), r.sockets(), r.connections()));
        return table.toString();
    }

    @Descriptor("open connections, and the last ones that ended")
    public String connections() {
        List<ConnectionReport> reports = gateway.connections();
        if (reports.isEmpty()) {
            return "none yet";
        }
        Table table = new Table(">ID", "APPLICATION", "DIRECTION", "PEER", ">PORT", ">BYTES-IN", ">BYTES-OUT", ">MS", "STATE", "VERDICT", "BY");
        reports.forEach(r -> table.row(r.id(), r.application(), r.inbound() ? "in" : "out", r.peer(), r.localPort(), r.bytesIn(),
                r.bytesOut(), r.milliseconds(), r.state(), r.verdict(), r.decidedBy()));
        return table.toString();
    }

    @Descriptor("the last calls of applications as the gateway saw them")
    public String trace() {
        return trace(TRACE_LINES);
    }

    @Descriptor("the last LINES calls of applications, at most 1024")
    public String trace(int lines) {
        List<CallReport> reports = gateway.trace(lines);
        if (reports.isEmpty()) {
            return "no call yet";
        }
        Table table = new Table(">CALL", "APPLICATION", ">SLOT", "WHAT", "ANSWER", ">MICROSECONDS");
        reports.forEach(r -> table.row(r.sequence(), r.application(), r.slot(), r.call(), r.result(), r.microseconds()));
        return table.toString();
    }
}
