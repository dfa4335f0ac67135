package org.ringfence.gateway.internal;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Stack;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Verdict;

/** A chain that says what it was told to, and counts. */
final class GivenVerdict implements PolicyChain {
    volatile Verdict verdict;
    volatile HoldRule rule = HoldRule.NONE;
    /** What is found of each request, and of each connection that is looked at. */
    volatile Measure ofRequests;
    volatile Measure ofConnections;
    final AtomicLong admitted = new AtomicLong();
    final AtomicLong closed = new AtomicLong();
    /** How often each connection was inspected, by its number. */
    final Map<Long, Integer> inspected = new ConcurrentHashMap<>();
    /** Names of INSs whose stacks' counters were told. */
    final List<String> stacks = new CopyOnWriteArrayList<>();
    /** The evidence of what the gateway itself decided. */
    final List<String> decisions = new CopyOnWriteArrayList<>();

    GivenVerdict(Verdict verdict) {
        this.verdict = verdict;
    }

    @Override
    public Verdict admit(Connection connection) {
        admitted.incrementAndGet();
        return verdict;
    }

    @Override
    public HoldRule hold(Connection connection) {
        return rule;
    }

    @Override
    public Measure request(Connection connection, Request request) {
        return ofRequests;
    }

    @Override
    public Measure inspect(Connection connection) {
        inspected.merge(connection.id(), 1, Integer::sum);
        return ofConnections;
    }

    @Override
    public void stack(Stack stack) {
        stacks.add(stack.ins());
    }

    @Override
    public boolean decided(Connection connection, Measure measure, String evidence) {
        decisions.add(evidence);
        return rule.enforced();
    }

    @Override
    public List<PolicyEvent> events(int limit) {
        return List.of();
    }

    @Override
    public String decidedBy() {
        return "test";
    }

    @Override
    public void closed(Connection connection) {
        closed.incrementAndGet();
    }

    @Override
    public List<PolicyReport> report() {
        return List.of();
    }
}
