package org.ringfence.policy;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Stack;
import org.ringfence.api.policy.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One policy in the chain: asks it, times it, counts what it says, and stands in for it when it throws or is in quarantine. Asked on the event
 * loop; reported from any thread.
 */
final class ChainedPolicy {
    /** A policy that throws is logged the first time and then once in so many times. */
    static final int LOG_EVERY = 1000;

    /** Of so many findings, a power of two, the time of one is taken. */
    private static final int TIMED = 16;

    private static final Logger LOG = LoggerFactory.getLogger(ChainedPolicy.class);

    /** What outlives a change of rank, and goes from a policy to the next version of it. */
    static final class Counters {
        final LongAdder asked = new LongAdder();
        final LongAdder allowed = new LongAdder();
        final LongAdder refused = new LongAdder();
        final LongAdder failed = new LongAdder();
        final LongAdder nanoseconds = new LongAdder();
    }

    /** Where a policy stands, and whose it is. */
    record Place(int ranking, long order, long serviceId, long bundle) {
    }

    final Policy policy;
    final String name;
    final Place place;
    final Counters counters;
    private final LongSupplier clock;
    final boolean ends;
    final boolean holds;
    final boolean explains;
    final boolean looksAtRequests;
    final boolean inspects;
    final boolean looksAtStacks;
    private int found;
    private long until;
    private final Supplier<ChainRules> rules;
    private final Conduct conduct;
    /** Why it failed its trial; empty if it did not. */
    private final String problem;

    ChainedPolicy(Policy policy, String name, Place place, LongSupplier clock, Supplier<ChainRules> rules, Counters counters, String problem,
            LostTime lost) {
        this(policy, name, place, clock, rules, counters, problem, new Conduct(lost));
        if (!problem.isEmpty()) {
            conduct.condemn(problem);
        }
    }

    private ChainedPolicy(Policy policy, String name, Place place, LongSupplier clock, Supplier<ChainRules> rules, Counters counters, String problem,
            Conduct conduct) {
        this.policy = policy;
        this.name = name;
        this.place = place;
        this.clock = clock;
        this.rules = rules;
        this.counters = counters;
        ends = overrides(policy, "closed", Connection.class);
        holds = overrides(policy, "hold", Connection.class);
        explains = overrides(policy, "admission");
        looksAtRequests = overrides(policy, "request", Connection.class, Request.class);
        inspects = overrides(policy, "inspect", Connection.class);
        looksAtStacks = overrides(policy, "stack", Stack.class);
        this.problem = problem;
        this.conduct = conduct;
    }

    ChainedPolicy ranked(int ranking) {
        return new ChainedPolicy(policy, name, new Place(ranking, place.order, place.serviceId, place.bundle), clock, rules, counters, problem, conduct);
    }

    boolean isRejected() {
        return !problem.isEmpty();
    }

    /**
     * The policy's verdict; REFUSE if it has none or throws; what the chain's rules say if it is in quarantine.
     *
     * @param since the time now, in nanoseconds: the one before has ended just then
     */
    Verdict admit(Connection connection, long since) {
        until = since;
        Verdict verdict = conduct.sentence().isEmpty() ? ask(connection, since) : rules.get().quarantineVerdict();
        counters.asked.increment();
        if (verdict == Verdict.ALLOW) {
            counters.allowed.increment();
        } else if (verdict != Verdict.PASS) {
            counters.refused.increment();
        }
        return verdict;
    }

    /** When its last verdict was there, in nanoseconds. */
    long until() {
        return until;
    }

    /** The policy's rule; null if it has none, or throws. */
    HoldRule hold(Connection connection) {
        if (!conduct.sentence().isEmpty()) {
            return null;
        }
        try {
            return policy.hold(connection);
        } catch (Throwable e) { // as above
            failed("threw while it was asked for a rule for", connection, e);
            return null;
        }
    }

    /** Why the last verdict was as it was; null if there is nothing to say. */
    Finding admission(Connection connection) {
        try {
            return policy.admission();
        } catch (Throwable e) { // as above
            failed("threw while it explained itself about", connection, e);
            return null;
        }
    }

    /** What the policy finds about a connection, or about its request if there is one. */
    Finding find(Connection connection, Request request) {
        if (!conduct.sentence().isEmpty()) {
            return null;
        }
        boolean timed = (++found & TIMED - 1) == 0;
        long start = timed ? clock.getAsLong() : 0;
        Finding finding;
        try {
            finding = request == null ? policy.inspect(connection) : policy.request(connection, request);
        } catch (Throwable e) { // as above
            failed("threw while it looked at", connection, e);
            finding = null;
        }
        if (timed) {
            long now = clock.getAsLong();
            counters.nanoseconds.add((now - start) * TIMED);
            conduct.called(now - start, rules.get().budgetNanoseconds(), now);
        }
        sentenced();
        return finding;
    }

    /** What the policy finds about what an INS's stack has counted. */
    Finding find(Stack stack) {
        if (!conduct.sentence().isEmpty()) {
            return null;
        }
        try {
            return policy.stack(stack);
        } catch (Throwable e) { // as above
            counters.failed.increment();
            conduct.failed("threw while it looked at the stack of " + stack.ins() + ": " + e);
            sentenced();
            return null;
        }
    }

    /** True if the policy's class has its own way of the method. */
    private static boolean overrides(Policy policy, String method, Class<?>... parameters) {
        try {
            return policy.getClass().getMethod(method, parameters).getDeclaringClass() != Policy.class;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    private Verdict ask(Connection connection, long start) {
        Verdict verdict = null;
        try {
            verdict = policy.admit(connection);
            if (verdict == null) {
                failed("gave no verdict on", connection, null);
            }
        } catch (Throwable e) { // an Error too, such as of a class that went with its bundle: the event loop must go on
            failed("threw while judging", connection, e);
        }
        timed(start);
        return verdict == null ? Verdict.REFUSE : verdict;
    }

    void closed(Connection connection) {
        if (!conduct.sentence().isEmpty()) {
            return;
        }
        long start = clock.getAsLong();
        try {
            policy.closed(connection);
        } catch (Throwable e) { // as above
            failed("threw at the end of", connection, e);
        }
        timed(start);
    }

    private void timed(long start) {
        long now = clock.getAsLong();
        until = now;
        counters.nanoseconds.add(now - start);
        conduct.called(now - start, rules.get().budgetNanoseconds(), now);
        sentenced();
    }

    private boolean told;

    private void sentenced() {
        if (!told && !conduct.sentence().isEmpty()) {
            told = true;
            LOG.error("policy '{}' is quarantined: {}; what it would judge is answered {} until it is replaced", name, conduct.sentence(),
                    rules.get().quarantineVerdict());
        }
    }

    private void failed(String did, Connection connection, Throwable cause) {
        counters.failed.increment();
        conduct.failed(cause == null ? did + " a connection" : did + " a connection: " + cause);
        long failures = counters.failed.sum();
        if (failures % LOG_EVERY == 1) {
            LOG.error("policy '{}' {} connection {} (failure {} of this policy, logged once in {}): "
                    + "a connection it fails to judge is refused", name, did, connection.id(), failures, LOG_EVERY, cause);
        }
    }

    /** @param inChain false if another policy of the same name is asked */
    PolicyReport report(boolean inChain) {
        String state = !inChain ? isRejected() ? "rejected" : "standby" : conduct.sentence().isEmpty() ? "asked" : "quarantined";
        return new PolicyReport(name, place.ranking, counters.asked.sum(), counters.allowed.sum(), counters.refused.sum(),
                counters.nanoseconds.sum(), place.bundle, state, conduct.sentence());
    }
}
