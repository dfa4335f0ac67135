package org.ringfence.management.health;

import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.RingReport;
import org.ringfence.api.transport.RegionUsage;

/** Whether a region is about to have no slot, no room in its command ring, or no memory for data rings. */
@Component(property = {HealthCheck.NAME + "=ring", HealthCheck.TAGS + "=ringfence"})
public final class RingCheck implements HealthCheck {
    /** Per cent from which a region is called nearly full. */
    private static final long NEARLY_FULL = 90;

    private final Gateway gateway;

    @Activate
    public RingCheck(@Reference Gateway gateway) {
        this.gateway = gateway;
    }

    @Override
    public Result execute() {
        FormattingResultLog log = new FormattingResultLog();
        for (RingReport ring : gateway.rings()) {
            RegionUsage usage = ring.usage();
            String region = "region " + ring.region() + " (" + ring.peer() + " '" + ring.name() + "', pid " + ring.pid() + ")";
            full(log, region, "slots", usage.openSlots(), usage.slots());
            full(log, region, "entries of the command ring", usage.commandsWaiting(), usage.commands());
            full(log, region, "bytes of data rings", usage.poolUsed(), usage.poolBytes());
        }
        log.info("{}", gateway.rings().size() == 1 ? "1 region" : gateway.rings().size() + " regions");
        return new Result(log);
    }

    private static void full(FormattingResultLog log, String region, String what, long used, long all) {
        if (used * 100 >= all * NEARLY_FULL) {
            log.warn("{}: {} of {} {} are in use: a larger region is configured in org.ringfence.ring.local", region, used, all, what);
        }
    }
}
