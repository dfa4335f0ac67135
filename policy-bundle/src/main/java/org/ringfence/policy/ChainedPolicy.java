package org.ringfence.policy;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One policy in the chain: asks it, times it, counts what it says, and stands in for it when it throws. Asked on the event
 * loop; reported from any thread.
 */
final class ChainedPolicy {
    /** A policy that throws is logged the first time and then once in so many times. */
    static final int LOG_EVERY = 1000;

    /** Of so many findings, a power of two, the time of one is taken. */
    private static final int TIMED = 16;

    private static final Logger LOG = LoggerFactory.getLogger(ChainedPolicy.class);

    /** What outlives a change of rank. */
    private static final class Counters {
        final LongAdder asked = new LongAdder();
        final LongAdder allowed = new LongAdder();
        final LongAdder refused = new LongAdder();
        final LongAdder failed = new LongAdder();
        final LongAdder nanoseconds = new LongAdder();
    }

    final Policy policy;
    final String name;
    final int ranking;
    final long serviceId;
    private final LongSupplier clock;
    private final Counters counters;
    final boolean holds;
    final boolean looksAtRequests;
    final boolean inspects;
    private int found;

    ChainedPolicy(Policy policy, int ranking, long serviceId, LongSupplier clock) {
        this(policy, nameOf(policy), ranking, serviceId, clock, new Counters());
    }

    private ChainedPolicy(Policy policy, String name, int ranking, long serviceId, LongSupplier clock, Counters counters) {
        this.policy = policy;
        this.name = name;
        this.ranking = ranking;
        this.serviceId = serviceId;
        this.clock = clock;
        this.counters = counters;
        holds = overrides(policy, "hold", Connection.class);
        looksAtRequests = overrides(policy, "request", Connection.class, Request.class);
        inspects = overrides(policy, "inspect", Connection.class);
    }

    private static String nameOf(Policy policy) {
        String name = policy.name();
        return name == null || name.isBlank() ? policy.getClass().getName() : name;
    }

    ChainedPolicy ranked(int newRanking) {
        return new ChainedPolicy(policy, name, newRanking, serviceId, clock, counters);
    }

    /** The policy's verdict; REFUSE if it has none or throws. */
    Verdict admit(Connection connection) {
        long start = clock.getAsLong();
        Verdict verdict;
        try {
            verdict = policy.admit(connection);
            if (verdict == null) {
                failed("gave no verdict on", connection, null);
                verdict = Verdict.REFUSE;
            }
        } catch (Throwable e) { // an Error too, such as of a class that went with its bundle: the event loop must go on
            failed("threw while judging", connection, e);
            verdict = Verdict.REFUSE;
        }
        counters.nanoseconds.add(clock.getAsLong() - start);
        counters.asked.increment();
        if (verdict == Verdict.ALLOW) {
            counters.allowed.increment();
        } else if (verdict != Verdict.PASS) {
            counters.refused.increment();
        }
        return verdict;
    }

    /** The policy's rule; null if it has none, or throws. */
    HoldRule hold(Connection connection) {
        try {
            return policy.hold(connection);
        } catch (Throwable e) { // as above
            failed("threw while it was asked for a rule for", connection, e);
            return null;
        }
    }

    /** What the policy finds about a connection, or about its request if there is one. */
    Finding find(Connection connection, Request request) {
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
            counters.nanoseconds.add((clock.getAsLong() - start) * TIMED);
        }
        return finding;
    }

    /** True if the policy's class has its own way of the method. */
    private static boolean overrides(Policy policy, String method, Class<?>... parameters) {
        try {
            return policy.getClass().getMethod(method, parameters).getDeclaringClass() != Policy.class;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    void closed(Connection connection) {
        long start = clock.getAsLong();
        try {
            policy.closed(connection);
        } catch (Throwable e) { // as above
            failed("threw at the end of", connection, e);
        }
        counters.nanoseconds.add(clock.getAsLong() - start);
    }

    private void failed(String did, Connection connection, Throwable cause) {
        counters.failed.increment();
        long failures = counters.failed.sum();
        if (failures % LOG_EVERY == 1) {
            LOG.error("policy '{}' {} connection {} (failure {} of this policy, logged once in {}): "
                    + "a connection it fails to judge is refused", name, did, connection.id(), failures, LOG_EVERY, cause);
        }
    }

    PolicyReport report() {
        return new PolicyReport(name, ranking, counters.asked.sum(), counters.allowed.sum(), counters.refused.sum(),
                counters.nanoseconds.sum());
    }
}
