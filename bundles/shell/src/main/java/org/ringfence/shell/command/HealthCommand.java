package org.ringfence.shell.command;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.hc.api.Result;
import org.apache.felix.hc.api.ResultLog;
import org.apache.felix.hc.api.execution.HealthCheckExecutionOptions;
import org.apache.felix.hc.api.execution.HealthCheckExecutionResult;
import org.apache.felix.hc.api.execution.HealthCheckExecutor;
import org.apache.felix.hc.api.execution.HealthCheckSelector;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.text.Json;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:health}: all health checks; fails if one of them is critical. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "health"})
public final class HealthCommand extends Command {
    private final HealthCheckExecutor executor;

    @Activate
    public HealthCommand(@Reference HealthCheckExecutor executor) {
        super(new Usage("health", "runs the health checks; status 0 if all are OK or WARN, 1 if one is CRITICAL")
                .flag("--strict", "status 1 also for WARN").flag("--json", "for scripts"));
        this.executor = executor;
    }

    /** All results, by name. */
    static List<HealthCheckExecutionResult> results(HealthCheckExecutor executor) {
        List<HealthCheckExecutionResult> results = new ArrayList<>(executor.execute(HealthCheckSelector.tags("ringfence"),
                new HealthCheckExecutionOptions().setForceInstantExecution(true)));
        results.sort(java.util.Comparator.comparing(r -> r.getHealthCheckMetadata().getName()));
        return results;
    }

    /** What a check has to say: what is wrong, or else what it saw. */
    static List<String> messages(HealthCheckExecutionResult result) {
        List<String> messages = new ArrayList<>();
        Result.Status status = result.getHealthCheckResult().getStatus();
        for (ResultLog.Entry entry : result.getHealthCheckResult()) {
            if (!entry.isDebug() && (entry.getStatus() == status || entry.getStatus() != Result.Status.OK)) {
                messages.add(entry.getMessage());
            }
        }
        return messages;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("no check is there: is the bundle org.ringfence.management active?").text("check", "status").number("ms").text("message");
        List<String> bad = new ArrayList<>();
        StringBuilder details = new StringBuilder();
        for (HealthCheckExecutionResult result : results(executor)) {
            String name = result.getHealthCheckMetadata().getName();
            Result.Status status = result.getHealthCheckResult().getStatus();
            List<String> messages = messages(result);
            rows.row(name, status.name(), result.getElapsedTimeInMs(), String.join("; ", messages));
            if (status != Result.Status.OK) {
                messages.forEach(message -> details.append('\n').append(name).append(": ").append(message));
            }
            if (status != Result.Status.OK && (status != Result.Status.WARN || arguments.has("--strict"))) {
                bad.add(name);
            }
        }
        screen.line(arguments.has("--json") ? Json.of(rows) : rows + (details.isEmpty() ? "" : "\n" + details));
        if (rows.isEmpty() || !bad.isEmpty()) {
            throw new Failure(Failure.FAILED, "health: " + (rows.isEmpty() ? "nothing was checked" : String.join(", ", bad)
                    + (bad.size() == 1 ? " is" : " are") + " not well"));
        }
        return null;
    }
}
