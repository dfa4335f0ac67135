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
    /** As wide as the longest prefix, an IPv6 one, and the longest origin. */
    private static final String BLOCKED_LINE = "%-43s  %-13s  %s";

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
        StringBuilder text = new StringBuilder();
        for (Block block : list.list()) {
            text.append(text.isEmpty() ? "" : "\n").append(String.format(BLOCKED_LINE, PrefixText.write(block.prefix()),
                    block.configured() ? "configuration" : "command", block.forever() ? "forever" : list.secondsLeft(block) + " s left"));
        }
        if (text.isEmpty()) {
            text.append("nothing is blocked");
        }
        for (String error : policy.errors()) {
            text.append("\nconfiguration ").append(BlockPolicy.PID).append(": ").append(error);
        }
        return text.toString();
    }
}
