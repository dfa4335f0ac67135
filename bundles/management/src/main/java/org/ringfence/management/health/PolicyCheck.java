package org.ringfence.management.health;

import java.util.List;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyReport;

/** Whether there is a policy chain, somebody in it, and nothing wrong with a policy's configuration. */
@Component(property = {HealthCheck.NAME + "=policies", HealthCheck.TAGS + "=ringfence"})
public final class PolicyCheck implements HealthCheck {
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile PolicyChain chain;

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<Policy> policies;

    @Override
    public Result execute() {
        FormattingResultLog log = new FormattingResultLog();
        PolicyChain present = chain;
        if (present == null) {
            log.critical("there is no policy chain, so that nothing is let in: is the bundle org.ringfence.policy active?");
            return new Result(log);
        }
        List<PolicyReport> reports = present.report();
        if (reports.isEmpty()) {
            log.critical("the policy chain is empty, so that every connection is refused");
        }
        for (Policy policy : policies) {
            policy.problems().forEach(problem -> log.warn("policy '{}': {}", policy.name(), problem));
        }
        log.info("{}", String.join(" > ", reports.stream().map(PolicyReport::name).toList()));
        return new Result(log);
    }
}
