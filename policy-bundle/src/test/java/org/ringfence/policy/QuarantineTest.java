package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Verdict;

/** What becomes of policies that fail, or exceed their time, again and again or on trial. */
class QuarantineTest extends ChainFixture {
    private static void ask(RankedPolicyChain chain, Connection peer, int times) {
        for (int i = 0; i < times; i++) {
            chain.admit(peer);
        }
    }

    private PolicyReport first() {
        return chain.report().get(0);
    }

    @Test
    void aPolicyThatThrowsAgainAndAgainIsAskedNoMoreAndWhatItGuardedStaysClosed() {
        add("broken", 10, 1, () -> {
            throw new IllegalStateException("for the test");
        });
        add("allow", 0, 2, () -> Verdict.ALLOW);
        ask(chain, peer, Conduct.MOST_FAILURES);
        assertEquals("quarantined", first().state());
        assertTrue(first().problem().contains("for the test"), first().problem());
        asked.clear();
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals("broken", chain.decidedBy());
        assertEquals(List.of(), asked);
    }

    @Test
    void aPolicyThatExceedsItsBudgetAgainAndAgainIsAskedNoMore() {
        add("slow", 10, 1, () -> {
            now.addAndGet(ChainRules.DEFAULT.budgetNanoseconds() + 1);
            return Verdict.ALLOW;
        });
        ask(chain, peer, Conduct.MOST_FAILURES);
        assertEquals("quarantined", first().state());
        assertEquals(Verdict.REFUSE, chain.admit(peer));
    }

    @Test
    void aPolicyThatIsSlowNowAndThenIsForgiven() {
        int[] calls = {0};
        add("hiccup", 10, 1, () -> {
            now.addAndGet(calls[0]++ % SELDOM == 0 ? ChainRules.DEFAULT.budgetNanoseconds() + 1 : 1);
            return Verdict.ALLOW;
        });
        ask(chain, peer, 100 * SELDOM);
        assertEquals("asked", first().state());
    }

    @Test
    void aPolicyIsNotCondemnedForTimeInWhichTheLoopCouldNotRun() {
        AtomicLong lost = new AtomicLong();
        RankedPolicyChain starved = new RankedPolicyChain(now::get, stopping::get, false, null, new LostTime(lost::get));
        long most = ChainRules.DEFAULT.budgetNanoseconds();
        starved.add(new Saying("starved", () -> {
            now.addAndGet(most + 1);
            lost.addAndGet(most);
            return Verdict.ALLOW;
        }), Map.of("service.ranking", 1, "service.id", 1L));
        for (int i = 0; i < 2 * Conduct.MOST_FAILURES; i++) {
            starved.admit(peer);
        }
        assertEquals("asked", starved.report().get(0).state());
    }

    @Test
    void timeThatWasLostLongBeforeExcusesNobody() {
        AtomicLong lost = new AtomicLong(1_000_000_000_000L);
        RankedPolicyChain starved = new RankedPolicyChain(now::get, stopping::get, false, null, new LostTime(lost::get));
        now.set(1_000_000_000_000L);
        starved.add(new Saying("slow", () -> {
            now.addAndGet(ChainRules.DEFAULT.budgetNanoseconds() + 1);
            return Verdict.ALLOW;
        }), Map.of("service.ranking", 1, "service.id", 1L));
        for (int i = 0; i <= Conduct.MOST_FAILURES; i++) {
            starved.admit(peer);
        }
        assertEquals("quarantined", starved.report().get(0).state());
    }

    @Test
    void theRulesSayWhatIsAnsweredInPlaceOfAPolicyInQuarantine() {
        RankedPolicyChain passing = new RankedPolicyChain(now::get);
        passing.configure(Settings.chain("PASS"));
        passing.add(new Saying("broken", () -> null), Map.of("service.ranking", 10, "service.id", 1L));
        passing.add(new Saying("allow", () -> Verdict.ALLOW), Map.of("service.id", 2L));
        assertEquals(Verdict.REFUSE, passing.admit(peer));
        ask(passing, peer, Conduct.MOST_FAILURES);
        assertEquals(Verdict.ALLOW, passing.admit(peer));
    }

    @Test
    void aNewVersionThatFailsItsTrialLeavesTheOneBeforeItInTheChain() {
        RankedPolicyChain trying = new RankedPolicyChain(System::nanoTime, () -> false, true, null);
        trying.add(new Saying("same", () -> Verdict.ALLOW), Map.of("service.id", 1L));
        trying.add(new Saying("same", () -> {
            throw new IllegalStateException("for the test");
        }), Map.of("service.id", 2L));
        assertEquals(Verdict.ALLOW, trying.admit(peer));
        assertEquals(List.of("rejected", "asked"), trying.report().stream().map(PolicyReport::state).toList());
        assertEquals("judging throws IllegalStateException: for the test", trying.report().get(0).problem());
    }

    @Test
    void aNewVersionThatDoesNotReturnLeavesTheOneBeforeItInTheChain() {
        RankedPolicyChain trying = new RankedPolicyChain(System::nanoTime, () -> false, true, null);
        trying.add(new Saying("same", () -> Verdict.ALLOW), Map.of("service.id", 1L));
        trying.add(new Saying("same", () -> {
            java.util.concurrent.locks.LockSupport.park();
            return Verdict.REFUSE;
        }), Map.of("service.id", 2L));
        assertEquals(Verdict.ALLOW, trying.admit(peer));
        assertEquals("rejected", trying.report().get(0).state());
    }

    @Test
    void aNewVersionThatWasSlowForWantOfTheCpuIsAsked() {
        RankedPolicyChain trying = new RankedPolicyChain(System::nanoTime, () -> false, true, null);
        trying.add(new Saying("slow", () -> {
            long end = System.nanoTime() + (org.ringfence.api.handover.Trial.MILLISECONDS + 200) * 1_000_000;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            return Verdict.ALLOW;
        }), Map.of("service.id", 1L));
        assertEquals("asked", trying.report().get(0).state());
    }

    @Test
    void aPolicyWithoutOneBeforeItThatFailsItsTrialIsInQuarantine() {
        RankedPolicyChain trying = new RankedPolicyChain(System::nanoTime, () -> false, true, null);
        trying.add(new Saying("broken", () -> {
            throw new IllegalStateException("for the test");
        }), Map.of("service.ranking", 10, "service.id", 1L));
        trying.add(new Saying("allow", () -> Verdict.ALLOW), Map.of("service.id", 2L));
        assertEquals(Verdict.REFUSE, trying.admit(peer));
        assertEquals("quarantined", trying.report().get(0).state());
    }
}
