package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Verdict;

class EgressPolicyTest {
    private final EgressPolicy policy = new EgressPolicy(Settings.egress("127.0.0.0/8, ::1"));

    @Test
    void anApplicationMayNotConnectToAForbiddenPrefix() {
        assertEquals(Verdict.REFUSE, policy.admit(Peer.of("127.0.0.1").asked()));
        assertEquals(Verdict.REFUSE, policy.admit(Peer.of("::1").asked()));
        assertEquals(Verdict.PASS, policy.admit(Peer.of("192.0.2.7").asked()));
    }

    @Test
    void connectionsFromThereAreNoneOfItsBusiness() {
        assertEquals(Verdict.PASS, policy.admit(Peer.of("127.0.0.1")));
    }

    @Test
    void nothingIsForbiddenUnlessConfigured() {
        assertEquals(Verdict.PASS, new EgressPolicy(Settings.egress()).admit(Peer.of("127.0.0.1").asked()));
    }

    @Test
    void aBadEntryLeavesTheOldSetInForce() {
        policy.configure(Settings.egress("192.0.2.0/24, nonsense"));
        assertEquals(Verdict.REFUSE, policy.admit(Peer.of("127.0.0.1").asked()));
        assertEquals(Verdict.PASS, policy.admit(Peer.of("192.0.2.7").asked()));
    }
}
