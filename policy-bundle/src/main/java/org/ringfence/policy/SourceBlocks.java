package org.ringfence.policy;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Blocks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has sources blocked by the policy "block" that is asked. That is this bundle's, or, while bundles are exchanged, another version's, of which only the
 * interface is known here: a thread goes to that, with the defaults and a bounded number at a time, since it arranges its list anew for each.
 */
final class SourceBlocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SourceBlocks.class);
    private static final int SECONDS = 60;
    private static final int IPV6_BITS = 64;
    /** More at once are left out; they are found again. */
    private static final int MOST = 64;

    private final Supplier<Blocks> asked;
    private final BlockedSources elsewhere = new BlockedSources(this::blockElsewhere);

    /** @param asked gives null while no policy "block" is asked */
    SourceBlocks(Supplier<Blocks> asked) {
        this.asked = asked;
    }

    /** The event loop's thread. */
    void block(byte[] address) {
        Blocks blocks = asked.get();
        if (blocks instanceof BlockPolicy own) {
            own.blockSource(address);
        } else if (blocks != null) {
            elsewhere.add(Sources.prefix(address, IPV6_BITS));
        }
    }

    private void blockElsewhere(List<String> prefixes) {
        Blocks blocks = asked.get();
        if (blocks == null) {
            return;
        }
        try {
            Set<String> present = blocks.blocks().stream().filter(SourceBlocks::lasts).map(BlockReport::prefix).collect(Collectors.toSet());
            prefixes.stream().map(text -> PrefixText.write(PrefixText.parse(text))).filter(prefix -> !present.contains(prefix)).distinct().limit(MOST)
                    .forEach(prefix -> blocks.block(prefix, SECONDS));
        } catch (RuntimeException | LinkageError e) { // it may go meanwhile
            LOG.warn("sources were not blocked: {}", e.toString());
        }
    }

    private static boolean lasts(BlockReport block) {
        return block.secondsLeft() < 0 || block.secondsLeft() > SECONDS / 4 * 3;
    }

    @Override
    public void close() {
        elsewhere.close();
    }
}
