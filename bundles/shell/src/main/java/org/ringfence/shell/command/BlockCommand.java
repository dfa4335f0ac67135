package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.shell.text.Units;

/** {@code ringfence:block}: turns a prefix away. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "block"})
public final class BlockCommand extends Command {
    private final Lookup lookup;

    @Activate
    public BlockCommand(@Reference Lookup lookup) {
        super(new Usage("block", "turns new connections from and to an address or prefix away")
                .operand("CIDR", "like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32", java.util.List::of)
                .option("--for", "TIME", "for a time, like 90s, 10m, 2h or 7d (default: until the gateway ends)", () -> java.util.List.of("10m", "1h", "1d"))
                .example("block 203.0.113.0/24 --for 10m"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        long seconds = (arguments.span("--for", 1000, 0) + 999) / 1000;
        BlockReport block = lookup.blocks().block(arguments.get("CIDR"), seconds);
        return block.prefix() + " is blocked" + (seconds == 0 ? "" : " for " + Units.span(seconds * 1000));
    }
}
