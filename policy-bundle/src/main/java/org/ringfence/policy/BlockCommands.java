package org.ringfence.policy;

import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ringfence:block}, {@code unblock} and {@code blocked}: changes to the block policy until the gateway ends. */
@Component(service = BlockCommands.class, property = {
    "osgi.command.scope=ringfence",
    "osgi.command.function=block",
    "osgi.command.function=unblock",
    "osgi.command.function=blocked"
})
public final class BlockCommands {
    private final BlockPolicy policy;

    @Activate
    public BlockCommands(@Reference BlockPolicy policy) {
        this.policy = policy;
    }

    @Descriptor("blocks an address or prefix until the gateway ends or it is unblocked")
    public String block(@Descriptor("address or prefix") String prefix) {
        return PrefixText.write(policy.list().block(prefix, 0).prefix()) + " is blocked";
    }

    @Descriptor("blocks an address or prefix for a time")
    public String block(@Descriptor("address or prefix") String prefix, @Descriptor("seconds, from 1") long seconds) {
        if (seconds == 0) {
            throw new IllegalArgumentException("0 seconds: write 1 or more, or nothing to block until the gateway ends");
        }
        return PrefixText.write(policy.list().block(prefix, seconds).prefix()) + " is blocked for " + seconds + " s";
    }

    @Descriptor("ends a block that a command began")
    public String unblock(@Descriptor("address or prefix, as 'blocked' shows it") String prefix) {
        return PrefixText.write(policy.list().unblock(prefix).prefix()) + " is no longer blocked";
    }

    @Descriptor("blocked addresses and prefixes, and what is wrong with their configuration")
    public String blocked() {
        BlockList list = policy.list();
        Columns columns = new Columns("PREFIX", "FROM", "ENDS");
        for (Block block : list.list()) {
            columns.row(PrefixText.write(block.prefix()), block.configured() ? "configuration" : "command",
                    block.forever() ? "never" : "in " + list.secondsLeft(block) + " s");
        }
        StringBuilder text = new StringBuilder(list.list().isEmpty() ? "nothing is blocked" : columns.toString());
        for (String error : policy.errors()) {
            text.append("\nconfiguration ").append(BlockPolicy.PID).append(": ").append(error);
        }
        return text.toString();
    }
}
