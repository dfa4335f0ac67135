package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:policies}: the chain in order, and what each policy has done. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "policies"})
public final class PoliciesCommand extends Command {
    private final Lookup lookup;

    @Activate
    public PoliciesCommand(@Reference Lookup lookup) {
        super(new Usage("policies", "the policies in the order they are asked, what they said, and the time they took")
                .flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("no policy: every connection is refused").text("policy").number("ranking", "asked", "allowed", "refused", "passed")
                .nanoseconds("mean", "total").text("state");
        for (PolicyReport p : lookup.gateway().policies()) {
            rows.row(p.name(), p.ranking(), p.asked(), p.allowed(), p.refused(), p.asked() - p.allowed() - p.refused(),
                    p.asked() == 0 ? 0 : p.nanoseconds() / p.asked(), p.nanoseconds(),
                    p.problem().isEmpty() ? p.state() : p.state() + ": " + p.problem());
        }
        return rows;
    }
}
