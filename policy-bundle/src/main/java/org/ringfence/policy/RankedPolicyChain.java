package org.ringfence.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Verdict;

/**
 * Asks all {@link Policy} services by falling {@code service.ranking}, among equals the oldest first, until one has an opinion.
 *
 * <p>The chain is there as long as its bundle is, also without any policy: it then refuses everything, and says so. Policies come
 * and go on any thread; each change makes a new array, and the event loop reads whichever is current, without a lock.
 */
@Component(service = PolicyChain.class, immediate = true)
public final class RankedPolicyChain implements PolicyChain {
    private static final String NOBODY = "none";
    private static final Comparator<ChainedPolicy> ORDER = Comparator
            .comparingInt((ChainedPolicy chained) -> chained.ranking).reversed()
            .thenComparingLong(chained -> chained.serviceId);

    private final LongSupplier clock;
    private volatile ChainedPolicy[] chain = {};
    /** Event loop only. */
    private String decidedBy = NOBODY;

    private final BooleanSupplier stopping;

    @Activate
    public RankedPolicyChain(BundleContext context) {
        this(System::nanoTime, stopping(context.getBundle()));
    }

    private static BooleanSupplier stopping(Bundle own) {
        return () -> own.getState() == Bundle.STOPPING;
    }

    /** @param clock nanoseconds, as {@link System#nanoTime()} */
    RankedPolicyChain(LongSupplier clock) {
        this(clock, () -> false);
    }

    /** @param stopping whether the chain's own bundle is about to be gone */
    RankedPolicyChain(LongSupplier clock, BooleanSupplier stopping) {
        this.clock = clock;
        this.stopping = stopping;
    }

    @Reference(name = "policy", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY, updated = "rank", unbind = "remove")
    void add(Policy policy, Map<String, ?> properties) {
        ChainedPolicy added = new ChainedPolicy(policy, ranking(properties), serviceId(properties), clock);
        change(policies -> {
            policies.add(added);
            return policies;
        });
    }

    /** The service's properties have changed, perhaps its ranking. */
    void rank(Policy policy, Map<String, ?> properties) {
        change(policies -> {
            policies.replaceAll(chained -> chained.policy == policy ? chained.ranked(ranking(properties)) : chained);
            return policies;
        });
    }

    void remove(Policy policy) {
        if (stopping.getAsBoolean()) {
            // The policies of this bundle go one by one before the chain itself does. Until then they judge as they were: one that
            // is missing would refuse, or let in, what is to wait for the bundle's return.
            return;
        }
        change(policies -> {
            policies.removeIf(chained -> chained.policy == policy);
            return policies;
        });
    }

    private synchronized void change(UnaryOperator<List<ChainedPolicy>> how) {
        List<ChainedPolicy> policies = how.apply(new ArrayList<>(List.of(chain)));
        policies.sort(ORDER);
        chain = policies.toArray(ChainedPolicy[]::new);
    }

    private static int ranking(Map<String, ?> properties) {
        // a ranking that is no Integer is none, as the framework has it
        return properties.get(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0;
    }

    private static long serviceId(Map<String, ?> properties) {
        return properties.get(Constants.SERVICE_ID) instanceof Long id ? id : Long.MAX_VALUE;
    }

    @Override
    public Verdict admit(Connection connection) {
        for (ChainedPolicy chained : chain) {
            Verdict verdict = chained.admit(connection);
            if (verdict != Verdict.PASS) {
                decidedBy = chained.name;
                return verdict;
            }
        }
        decidedBy = NOBODY;
        return Verdict.REFUSE;
    }

    @Override
    public String decidedBy() {
        return decidedBy;
    }

    @Override
    public void closed(Connection connection) {
        for (ChainedPolicy chained : chain) {
            chained.closed(connection);
        }
    }

    @Override
    public List<PolicyReport> report() {
        List<PolicyReport> reports = new ArrayList<>();
        for (ChainedPolicy chained : chain) {
            reports.add(chained.report());
        }
        return List.copyOf(reports);
    }
}
