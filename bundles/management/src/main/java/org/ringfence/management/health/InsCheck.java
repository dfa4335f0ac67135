package org.ringfence.management.health;

import java.util.List;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.InsReport;

/** Whether an INS is attached, and each of them shows its heartbeat. */
@Component(property = {HealthCheck.NAME + "=ins", HealthCheck.TAGS + "=ringfence"})
public final class InsCheck implements HealthCheck {
    /** The gateway rings a silent INS once a second: two answers may be late. */
    private static final long SILENT_MILLISECONDS = 5000;

    private final Gateway gateway;

    @Activate
    public InsCheck(@Reference Gateway gateway) {
        this.gateway = gateway;
    }

    @Override
    public Result execute() {
        FormattingResultLog log = new FormattingResultLog();
        List<InsReport> inss = gateway.inss();
        if (inss.isEmpty()) {
            log.critical("no INS is attached: './ringfence logs' says why");
        }
        for (InsReport ins : inss) {
            if (ins.silentMilliseconds() > SILENT_MILLISECONDS) {
                log.critical("INS of region {} (pid {}) has not shown its heartbeat for {} s: it hangs, or was stopped", ins.region(), ins.pid(),
                        ins.silentMilliseconds() / 1000);
            } else {
                log.info("INS of region {} (pid {}): heartbeat {} ms ago", ins.region(), ins.pid(), ins.silentMilliseconds());
            }
        }
        return new Result(log);
    }
}
