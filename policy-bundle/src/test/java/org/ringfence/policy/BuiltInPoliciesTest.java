package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Verdict;

/** The chain as it is delivered: block, then allow. */
class BuiltInPoliciesTest {
    private final AtomicLong now = new AtomicLong();
    private final RankedPolicyChain chain = new RankedPolicyChain(now::get);
    private final AllowPolicy allow = new AllowPolicy(Settings.allow(true));
    private final BlockPolicy block = new BlockPolicy(null, Settings.block("RESET", "192.0.2.0/24"), now::get);

    BuiltInPoliciesTest() {
        chain.add(allow, Map.of("service.ranking", -1000, "service.id", 1L));
        chain.add(block, Map.of("service.ranking", 1000, "service.id", 2L));
    }

    @Test
    void lettingInIsTheLastWord() {
        assertEquals(Verdict.ALLOW, chain.admit(Peer.of("198.51.100.7")));
        assertEquals("allow", chain.decidedBy());
        assertEquals(Verdict.RESET, chain.admit(Peer.of("192.0.2.7")));
        assertEquals("block", chain.decidedBy());
    }

    @Test
    void withAllowOffWhatNobodyKnowsIsRefused() {
        allow.configure(Settings.allow(false));
        assertEquals(Verdict.REFUSE, chain.admit(Peer.of("198.51.100.7")));
        assertEquals("none", chain.decidedBy());
        allow.configure(Settings.allow(true));
        assertEquals(Verdict.ALLOW, chain.admit(Peer.of("198.51.100.7")));
    }

    @Test
    void anAddressOfAnImpossibleLengthIsRefused() {
        assertEquals(Verdict.REFUSE, chain.admit(new Peer(1, new byte[5])));
        assertEquals("block", chain.decidedBy());
    }
}
