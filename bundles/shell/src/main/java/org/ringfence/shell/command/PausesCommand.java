package org.ringfence.shell.command;

import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.gateway.PauseReport;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:pauses}: how long the event loop kept everybody waiting. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "pauses"})
public final class PausesCommand extends Command {
    private final Lookup lookup;

    @Activate
    public PausesCommand(@Reference Lookup lookup) {
        super(new Usage("pauses", "how long the event loop kept everybody waiting, in its turns and after swaps")
                .optional("reset", "the word 'reset', to forget the pauses so far", () -> List.of("reset"))
                .flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        if (arguments.has("reset")) {
            if (!arguments.get("reset").equals("reset")) {
                throw arguments.wrong("'" + arguments.get("reset") + "' is not understood: write pauses, or pauses reset");
            }
            lookup.gateway().resetPauses();
            return "the pauses so far are forgotten";
        }
        Rows rows = new Rows("nothing was measured yet").text("what").number("count", "median-us", "p99-us", "worst-us");
        for (PauseReport report : lookup.gateway().pauses()) {
            rows.row(report.what(), report.count(), report.median(), report.percentile99(), report.worst());
        }
        return rows;
    }
}
