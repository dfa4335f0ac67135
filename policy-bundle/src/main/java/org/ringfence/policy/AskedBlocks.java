package org.ringfence.policy;

import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Blocks;

/**
 * What administrators block: the list of the policy "block" that the chain asks. While a bundle is exchanged for another there are several of them, and
 * what goes into the list of another one blocks nobody. Any thread.
 */
@Component(service = Blocks.class, property = "service.ranking:Integer=2000")
public final class AskedBlocks implements Blocks {
    private final RankedPolicyChain chain;

    @Activate
    public AskedBlocks(@Reference RankedPolicyChain chain) {
        this.chain = chain;
    }

    private Blocks asked() {
        Blocks blocks = chain.blocks();
        if (blocks == null) {
            throw new IllegalStateException("no policy 'block' that takes commands is asked: 'policies' shows which are");
        }
        return blocks;
    }

    @Override
    public BlockReport block(String prefix, long seconds) {
        return asked().block(prefix, seconds);
    }

    @Override
    public BlockReport unblock(String prefix) {
        return asked().unblock(prefix);
    }

    @Override
    public List<BlockReport> blocks() {
        return asked().blocks();
    }

    @Override
    public List<String> errors() {
        return asked().errors();
    }
}
