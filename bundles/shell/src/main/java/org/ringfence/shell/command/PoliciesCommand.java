package org.ringfence.shell.command;

import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyReport;

/** {@code ringfence:policies}: the chain in order, and what each policy has done. */
@Component(service = PoliciesCommand.class, property = {"osgi.command.scope=ringfence", "osgi.command.function=policies"})
public final class PoliciesCommand {
    private final PolicyChain chain;

    @Activate
    public PoliciesCommand(@Reference PolicyChain chain) {
        this.chain = chain;
    }

    @Descriptor("policies in the order they are asked, with verdicts and mean time")
    public String policies() {
        Table table = new Table("POLICY", ">RANKING", ">ASKED", ">ALLOWED", ">REFUSED", ">PASSED", ">NS/CALL");
        for (PolicyReport report : chain.report()) {
            table.row(report.name(), report.ranking(), report.asked(), report.allowed(), report.refused(),
                    report.asked() - report.allowed() - report.refused(),
                    report.asked() == 0 ? 0 : report.nanoseconds() / report.asked());
        }
        return chain.report().isEmpty() ? "no policy: every connection is refused" : table.toString();
    }
}
