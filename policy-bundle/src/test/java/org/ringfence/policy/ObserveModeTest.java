package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.api.policy.Verdict;

/** In observe mode everything is decided and reported, and nothing is done. */
class ObserveModeTest {
    private static final long PATIENCE_NANOSECONDS = 20_000_000_000L;

    private final RankedPolicyChain chain = new RankedPolicyChain((BundleContext) Proxy.newProxyInstance(getClass().getClassLoader(),
            new Class<?>[] {BundleContext.class}, (proxy, method, arguments) -> null), null, mode("observe"));
    private final Connection peer = Peer.of("192.0.2.7");

    /** Answers what it is told to. */
    private static final class Strict implements Policy {
        volatile Verdict verdict = Verdict.PASS;
        volatile Finding finding;

        @Override
        public String name() {
            return "strict";
        }

        @Override
        public Verdict admit(Connection connection) {
            return verdict;
        }

        @Override
        public Finding inspect(Connection connection) {
            return finding;
        }
    }

    @AfterEach
    void stop() {
        chain.deactivate();
    }

    private static RankedPolicyChain.Configuration mode(String mode) {
        return Settings.of(RankedPolicyChain.Configuration.class, Map.of("mode", mode));
    }

    private Strict strict() {
        Strict policy = new Strict();
        chain.add(policy, Map.of("service.id", 1L));
        return policy;
    }

    /** What was decided, once so many have been told of. */
    private List<String> events(int many) {
        long end = System.nanoTime() + PATIENCE_NANOSECONDS;
        while (chain.events(100).size() < many && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        return chain.events(100).stream().map(ObserveModeTest::text).toList();
    }

    private static String text(PolicyEvent event) {
        return event.policy() + " " + event.measure() + (event.enforced() ? " done " : " observed ") + event.evidence();
    }

    @Test
    void everybodyIsAdmittedAndWhoWouldNotBeIsReported() {
        Strict policy = strict();
        policy.verdict = Verdict.RESET;
        assertEquals(Verdict.ALLOW, chain.admit(peer));
        policy.verdict = Verdict.REFUSE;
        assertEquals(Verdict.ALLOW, chain.admit(peer));
        assertEquals(List.of("strict RESET observed connection from it", "strict REFUSE observed connection from it"), events(2));
        chain.configure(mode("enforce"));
        assertEquals(Verdict.REFUSE, chain.admit(peer));
    }

    @Test
    void aFindingIsReportedAndNothingComesOfIt() {
        BlockPolicy block = new BlockPolicy(null, Settings.block("RESET"), System::nanoTime);
        chain.add(block, Map.of("service.id", 5L));
        strict().finding = new Finding(Measure.BLOCK, "for the test");
        assertNull(chain.inspect(peer));
        assertEquals(Verdict.PASS, block.admit(peer));
        assertEquals(List.of("strict BLOCK observed for the test"), events(1));
        chain.configure(mode("enforce"));
        assertEquals(Measure.BLOCK, chain.inspect(peer));
        block.settle();
        assertEquals(Verdict.RESET, block.admit(peer));
    }

    @Test
    void aRuleOfHoldingIsOnlyWatched() {
        chain.add(new HoldPolicy(Settings.of(HoldPolicy.Configuration.class, Map.of())), Map.of("service.id", 1L));
        assertFalse(chain.hold(peer).enforced());
        assertSame(chain.hold(peer), chain.hold(peer), "a rule is made for each connection");
        chain.configure(mode("enforce"));
        assertTrue(chain.hold(peer).enforced());
    }

    @Test
    void whatTheGatewayItselfDecidedIsReportedAndNotDone() {
        assertFalse(chain.decided(peer, Measure.RESET, "for the test"));
        assertEquals(List.of("hold RESET observed for the test"), events(1));
        chain.configure(mode("enforce"));
        assertTrue(chain.decided(peer, Measure.RESET, "again"));
    }

    @Test
    void aModeThatIsUnknownEnforces() {
        strict().verdict = Verdict.RESET;
        chain.configure(mode("watch"));
        assertEquals(Verdict.RESET, chain.admit(peer));
    }
}
