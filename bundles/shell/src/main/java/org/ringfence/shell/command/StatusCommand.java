package org.ringfence.shell.command;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import org.apache.felix.hc.api.Result;
import org.apache.felix.hc.api.execution.HealthCheckExecutionResult;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.InsReport;
import org.ringfence.api.gateway.RingReport;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.shell.text.Facts;
import org.ringfence.shell.text.Json;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:status}: the gateway at a glance, and what is missing. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "status"})
public final class StatusCommand extends Command {
    private static final int CHAIN_WIDTH = 85;
    /** An INS that is silent for longer hangs: as the check "ins" has it. */
    private static final long SILENT_MILLISECONDS = 5000;

    private final Lookup lookup;
    private final BundleContext context;
    @Activate
    public StatusCommand(BundleContext context, @Reference Lookup lookup) {
        super(new Usage("status", "gateway, INSs, applications and policies at a glance, and what is missing and why").flag("--json", "for scripts"));
        this.context = context;
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Facts facts = new Facts();
        Runtime runtime = Runtime.getRuntime();
        long used = runtime.totalMemory() - runtime.freeMemory();
        List<InsReport> inss = List.of();
        List<ApplicationReport> applications = List.of();
        List<RingReport> rings = List.of();
        String trouble = null;
        long calls = 0;
        try {
            Gateway gateway = lookup.gateway();
            inss = gateway.inss();
            applications = gateway.applications();
            rings = gateway.rings();
            calls = gateway.calls();
        } catch (Failure | IllegalStateException e) {
            trouble = e instanceof Failure ? "the gateway is not there" : e.getMessage();
        }
        boolean ready = trouble == null && inss.stream().anyMatch(ins -> ins.silentMilliseconds() <= SILENT_MILLISECONDS) && lookup.hasChain();
        facts.add("gateway", ready ? "ready" : trouble != null ? trouble : "not ready");
        facts.add("up", ManagementFactory.getRuntimeMXBean().getUptime(), Units.span(ManagementFactory.getRuntimeMXBean().getUptime()));
        facts.add("process", ProcessHandle.current().pid(), ProcessHandle.current().pid() + ", Java " + System.getProperty("java.version") + ", heap "
                + Units.bytes(used) + " of " + Units.bytes(runtime.maxMemory()));
        facts.add("calls", calls);
        facts.add("chain", lookup.hasChain() ? names() : List.of(), lookup.hasChain() ? chain() : "none");
        facts.add("bundles", bundles());
        Rows insRows = new Rows("none attached").number("region", "pid").text("abi").number("connections").span("silent");
        inss.forEach(i -> insRows.row(i.region(), i.pid(), i.abi(), i.connections(), i.silentMilliseconds()));
        facts.add("INS", insRows);
        Rows appRows = new Rows("none attached").text("name").number("pid", "listeners", "connections", "calls/s");
        applications.forEach(a -> appRows.row(a.name(), a.pid(), a.listeners(), a.connections(), a.callsPerSecond()));
        facts.add("applications", appRows);
        Rows ringRows = new Rows("none").number("region").text("peer", "name").onlyShown("slots").onlyShown("pool").onlyJson("slots_used", "pool_used")
                .number("bells/s");
        rings.forEach(r -> ringRows.row(r.region(), r.peer(), r.name(), r.usage().openSlots() + "/" + r.usage().slots(),
                Units.bytes(r.usage().poolUsed()) + "/" + Units.bytes(r.usage().poolBytes()), r.usage().openSlots(), r.usage().poolUsed(),
                r.wakesSentPerSecond() + r.wakesReceivedPerSecond()));
        facts.add("rings", ringRows);
        facts.add("missing", missing(arguments.has("--json")));
        if (ready) {
            return facts;
        }
        screen.line(arguments.has("--json") ? Json.of(facts) : facts.toString());
        throw new Failure(Failure.FAILED, ""); // "gateway" and "missing" say all
    }

    /** What health checks complain of. Not as a table: a reason may be long, and must not be cut. */
    private Object missing(boolean json) {
        Rows rows = new Rows("nothing").text("what", "why");
        StringBuilder text = new StringBuilder();
        for (HealthCheckExecutionResult result : HealthCommand.results(lookup.health())) {
            if (result.getHealthCheckResult().getStatus() != Result.Status.OK) {
                String name = result.getHealthCheckMetadata().getName();
                HealthCommand.messages(result).forEach(why -> {
                    rows.row(name, why);
                    text.append("\n  ").append(name).append(": ").append(why);
                });
            }
        }
        return json ? rows : rows.isEmpty() ? "nothing" : text.toString();
    }

    private List<String> names() {
        return lookup.chain().report().stream().map(PolicyReport::name).toList();
    }

    /** The policies in order, in lines that fit beside the names of the facts. */
    private String chain() {
        StringBuilder text = new StringBuilder();
        int lineBegin = 0;
        for (String name : names()) {
            String next = text.isEmpty() ? name : " > " + name;
            if (text.length() - lineBegin + next.length() > CHAIN_WIDTH) {
                text.append("\n         ");
                lineBegin = text.length();
            }
            text.append(next);
        }
        return text.isEmpty() ? "empty: every connection is refused" : text.toString();
    }

    private String bundles() {
        List<Bundle> running = Arrays.stream(context.getBundles()).filter(b -> b.getState() == Bundle.ACTIVE).toList();
        List<String> others = Arrays.stream(context.getBundles())
                .filter(b -> b.getState() != Bundle.ACTIVE && b.getHeaders().get(Constants.FRAGMENT_HOST) == null)
                .map(b -> b.getSymbolicName() + " is " + BundlesCommand.state(b)).toList();
        return running.size() + " active" + (others.isEmpty() ? "" : ", but " + String.join(", ", others));
    }
}
