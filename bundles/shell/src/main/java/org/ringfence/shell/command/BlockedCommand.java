package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Blocks;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:blocked}: what is blocked. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "blocked"})
public final class BlockedCommand extends Command {
    private final Lookup lookup;

    @Activate
    public BlockedCommand(@Reference Lookup lookup) {
        super(new Usage("blocked", "blocked addresses and prefixes, and what is wrong with the configured ones").flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Blocks blocks = lookup.blocks();
        Rows rows = new Rows("nothing is blocked").text("prefix", "from").onlyShown("until").onlyJson("seconds_left");
        for (BlockReport block : blocks.blocks()) {
            rows.row(block.prefix(), block.configured() ? "configuration" : "command",
                    block.secondsLeft() < 0 ? block.configured() ? "its file changes" : "the gateway ends" : "in " + Units.span(block.secondsLeft() * 1000),
                    block.secondsLeft() < 0 ? null : block.secondsLeft());
        }
        if (!arguments.has("--json")) {
            StringBuilder text = new StringBuilder(rows.toString());
            blocks.errors().forEach(error -> text.append("\nconfiguration: ").append(error));
            return text;
        }
        return rows;
    }
}
