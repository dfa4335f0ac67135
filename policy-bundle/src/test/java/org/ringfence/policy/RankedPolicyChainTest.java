package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.TrialConnection;
import org.ringfence.api.policy.Verdict;

/** Who of the policies is asked, in which order, and what counts. */
class RankedPolicyChainTest extends ChainFixture {
    @Test
    void refusesWithoutAnyPolicy() {
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals("none", chain.decidedBy());
        assertEquals(List.of(), chain.report());
    }

    @Test
    void judgesAsBeforeWhileItsBundleStops() {
        Saying block = add("block", 10, 1, () -> Verdict.RESET);
        Saying allow = add("allow", 0, 2, () -> Verdict.ALLOW);
        stopping.set(true);
        chain.remove(block);
        assertEquals(Verdict.RESET, chain.admit(peer));
        chain.remove(allow);
        assertEquals(List.of("block", "allow"), chain.report().stream().map(PolicyReport::name).toList());
    }

    @Test
    void refusesWhenNobodyHasAnOpinion() {
        add("first", 0, 1, () -> Verdict.PASS);
        add("second", 0, 2, () -> Verdict.PASS);
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals("none", chain.decidedBy());
        assertEquals(List.of("first", "second"), asked);
    }

    @Test
    void asksByFallingRankingAndAmongEqualsTheOldestFirst() {
        add("last", -1000, 1, () -> Verdict.ALLOW);
        add("younger", 5, 9, () -> Verdict.PASS);
        add("older", 5, 3, () -> Verdict.PASS);
        add("first", 1000, 12, () -> Verdict.PASS);
        assertEquals(Verdict.ALLOW, chain.admit(peer));
        assertEquals(List.of("first", "older", "younger", "last"), asked);
        assertEquals("last", chain.decidedBy());
        assertEquals(asked, chain.report().stream().map(PolicyReport::name).toList());
    }

    @Test
    void theFirstOpinionCounts() {
        for (Verdict verdict : new Verdict[] {Verdict.REFUSE, Verdict.RESET, Verdict.ALLOW}) {
            asked.clear();
            Policy opinion = add("opinion", 10, 1, () -> verdict);
            Policy other = add("other", 0, 2, () -> verdict == Verdict.ALLOW ? Verdict.RESET : Verdict.ALLOW);
            assertEquals(verdict, chain.admit(peer));
            assertEquals("opinion", chain.decidedBy());
            assertEquals(List.of("opinion"), asked);
            chain.remove(opinion);
            chain.remove(other);
        }
    }

    @Test
    void aPolicyWithoutRankingStandsAtZero() {
        Saying bare = new Saying("bare", () -> Verdict.PASS);
        chain.add(bare, Map.of("service.ranking", "100", "service.id", 7L));
        add("above", 1, 8, () -> Verdict.PASS);
        add("below", -1, 1, () -> Verdict.ALLOW);
        chain.admit(peer);
        assertEquals(List.of("above", "bare", "below"), asked);
    }

    @Test
    void aPolicyThatThrowsHasRefused() {
        add("broken", 10, 1, () -> {
            throw new IllegalStateException("for the test");
        });
        add("allow", 0, 2, () -> Verdict.ALLOW);
        for (int i = 0; i < 3; i++) {
            assertEquals(Verdict.REFUSE, chain.admit(peer));
            assertEquals("broken", chain.decidedBy());
        }
        assertEquals(new PolicyReport("broken", 10, 3, 0, 3, 0, -1, "asked", ""), chain.report().get(0));
        assertEquals(0, chain.report().get(1).asked());
    }

    @Test
    void anErrorOrNullHasRefusedToo() {
        Policy error = add("error", 10, 1, () -> {
            throw new NoClassDefFoundError("for the test");
        });
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        chain.remove(error);
        add("nothing", 10, 1, () -> null);
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals("nothing", chain.decidedBy());
    }

    @Test
    void aBrokenPolicyIsLoggedOnceInAThousand() {
        java.io.PrintStream before = System.err;
        java.io.ByteArrayOutputStream written = new java.io.ByteArrayOutputStream();
        try {
            System.setErr(new java.io.PrintStream(written, true));
            int[] calls = {0};
            add("broken-and-busy", 10, 1, () -> {
                if (calls[0]++ % SELDOM == 0) {
                    throw new IllegalStateException("for the test");
                }
                return Verdict.PASS;
            });
            for (int i = 0; i < 2 * ChainedPolicy.LOG_EVERY * SELDOM; i++) {
                chain.admit(peer);
            }
        } finally {
            System.setErr(before);
        }
        assertEquals(2, written.toString().split("policy 'broken-and-busy' threw", -1).length - 1, written.toString());
    }

    @Test
    void everyPolicyIsToldOfTheEndThoughOneThrows() {
        Policy broken = new Policy() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public Verdict admit(Connection connection) {
                return Verdict.PASS;
            }

            @Override
            public void closed(Connection connection) {
                throw new IllegalStateException("for the test");
            }
        };
        Saying first = add("first", 10, 1, () -> Verdict.PASS);
        chain.add(broken, Map.of("service.ranking", 5, "service.id", 2L));
        Saying last = add("last", 0, 3, () -> Verdict.ALLOW);
        chain.closed(peer);
        assertEquals(1, first.closed);
        assertEquals(1, last.closed);
    }

    @Test
    void whoLetAConnectionPassIsToldThatALaterOneRefusedIt() {
        Saying counts = add("counts", 10, 1, () -> Verdict.PASS);
        Saying refuses = add("refuses", 5, 2, () -> Verdict.REFUSE);
        Saying notAsked = add("not asked", 0, 3, () -> Verdict.ALLOW);
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals(1, counts.closed);
        assertEquals(0, refuses.closed);
        assertEquals(0, notAsked.closed);
    }

    @Test
    void aChainOnTrialAsksNoPolicy() {
        add("allow", 0, 2, () -> Verdict.ALLOW);
        assertEquals(Verdict.REFUSE, chain.admit(TrialConnection.INSTANCE));
        assertEquals(List.of(), asked);
    }

    @Test
    void ofPoliciesWithTheSameNameTheNewestIsAskedInThePlaceOfTheOneBeforeIt() {
        add("same", 0, 1, () -> Verdict.REFUSE);
        add("other", 0, 2, () -> Verdict.REFUSE);
        Saying newer = add("same", 0, 3, () -> Verdict.ALLOW);
        assertEquals(Verdict.ALLOW, chain.admit(peer));
        assertEquals(List.of("asked", "standby", "asked"), chain.report().stream().map(PolicyReport::state).toList());
        chain.remove(newer);
        assertEquals(Verdict.REFUSE, chain.admit(peer));
        assertEquals("same", chain.decidedBy());
    }

    @Test
    void theNextChainKeepsCountsAndPlacesAndDoesNotTryWhomThisOneAsks() {
        OneShelf shelf = new OneShelf();
        RankedPolicyChain former = new RankedPolicyChain(System::nanoTime, () -> false, true, shelf);
        Saying second = new Saying("second", () -> Verdict.ALLOW);
        Saying first = new Saying("first", () -> Verdict.PASS);
        former.add(first, Map.of("service.id", 3L));
        former.add(second, Map.of("service.id", 4L));
        former.admit(peer);
        asked.clear();
        RankedPolicyChain next = new RankedPolicyChain(System::nanoTime, () -> false, true, shelf);
        next.add(second, Map.of("service.id", 4L));
        next.add(first, Map.of("service.id", 3L));
        next.add(new Saying("first", () -> Verdict.PASS), Map.of("service.id", 5L));
        assertEquals(List.of("first"), asked, "only the newcomer is tried");
        assertEquals(List.of("first", "first", "second"), next.report().stream().map(PolicyReport::name).toList());
        assertEquals(1, next.report().get(2).asked());
    }

    @Test
    void countsVerdictsAndTimeOfEachPolicy() {
        Verdict[] next = {Verdict.PASS};
        add("slow", 10, 1, () -> {
            now.addAndGet(700);
            return next[0];
        });
        add("quick", 0, 2, () -> {
            now.addAndGet(1);
            return Verdict.ALLOW;
        });
        for (Verdict verdict : Verdict.values()) {
            next[0] = verdict;
            chain.admit(peer);
        }
        assertEquals(List.of(new PolicyReport("slow", 10, 4, 1, 2, 2800, -1, "asked", ""), new PolicyReport("quick", 0, 1, 1, 0, 1, -1, "asked", "")),
                chain.report());
    }

    @Test
    void aNewRankingMovesAPolicyAndKeepsItsCounts() {
        Policy mover = add("mover", 10, 1, () -> Verdict.PASS);
        add("other", 5, 2, () -> Verdict.ALLOW);
        chain.admit(peer);
        chain.rank(mover, Map.of("service.ranking", 1, "service.id", 1L));
        assertEquals(List.of("other", "mover"), chain.report().stream().map(PolicyReport::name).toList());
        assertEquals(1, chain.report().get(1).asked());
        chain.remove(mover);
        assertEquals(1, chain.report().size());
    }

    @Test
    @Timeout(60)
    void neverAllowsWhilePoliciesComeAndGoUnderIt() throws InterruptedException {
        // "refuse" is always there and first; what comes and goes would allow
        add("refuse", 10, 1, () -> Verdict.RESET);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong changes = new AtomicLong();
        Thread changer = new Thread(() -> {
            while (!stop.get()) {
                Saying policy = new Saying("allow", () -> Verdict.ALLOW);
                chain.add(policy, Map.of("service.ranking", 0, "service.id", 5L));
                chain.remove(policy);
                changes.incrementAndGet();
            }
        });
        changer.start();
        long admitted = 0;
        while (changes.get() < 20_000) {
            assertEquals(Verdict.RESET, chain.admit(peer));
            admitted++;
            if (asked.size() > 1000) {
                asked.clear();
            }
        }
        stop.set(true);
        changer.join();
        assertTrue(admitted > 0);
        assertEquals(1, chain.report().size());
    }
}
