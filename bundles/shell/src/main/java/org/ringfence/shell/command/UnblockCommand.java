package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.BlockReport;

/** {@code ringfence:unblock}: ends what {@code block} began. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "unblock"})
public final class UnblockCommand extends Command {
    private final Lookup lookup;

    @Activate
    public UnblockCommand(@Reference Lookup lookup) {
        super(new Usage("unblock", "ends a block that 'block' began").operand("CIDR", "as 'blocked' shows it",
                () -> lookup.hasBlocks() ? lookup.blocks().blocks().stream().filter(b -> !b.configured()).map(BlockReport::prefix).toList()
                        : java.util.List.of()));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        return lookup.blocks().unblock(arguments.get("CIDR")).prefix() + " is no longer blocked";
    }
}
