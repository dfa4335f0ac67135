package org.ringfence.policy;

import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;
import org.ringfence.api.handover.Trial;
import org.ringfence.api.policy.Blocks;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.api.policy.PolicyEventListener;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Stack;
import org.ringfence.api.policy.TrialConnection;
import org.ringfence.api.policy.Verdict;
import org.ringfence.policy.ChainedPolicy.Place;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks all {@link Policy} services by falling {@code service.ranking}, among equals the oldest first, until one has an opinion. Of policies with
 * the same name only the newest is asked, in the place of the one before it: they are versions of one policy.
 *
 * <p>The chain is there as long as its bundle is, also without any policy: it then refuses everything, and says so. A policy is tried
 * before it is asked; one that fails its trial is rejected if there is one before it, and in quarantine otherwise.
 */
@Component(service = {PolicyChain.class, RankedPolicyChain.class}, immediate = true, configurationPid = RankedPolicyChain.PID)
@Designate(ocd = RankedPolicyChain.Configuration.class)
public final class RankedPolicyChain implements PolicyChain {
    static final String PID = "org.ringfence.policy";

    private static final Logger LOG = LoggerFactory.getLogger(RankedPolicyChain.class);
    private static final String NOBODY = "none";

    private final LongSupplier clock;
    private final BooleanSupplier stopping;
    private final LostTime lost;
    private volatile ChainRules rules = ChainRules.DEFAULT;
    private final boolean tries;
    private final Handovers handovers;
    private final ChainMemory memory;
    private final Supplier<HandoverState> source = this::handOver;
    private final Ranking ranking = new Ranking();
    /** Event loop only. */
    private String decidedBy = NOBODY;
    /** How many policies let the last connection pass before one had a verdict. */
    private int passed;

    private final PolicyEvents events = new PolicyEvents();
    private final ObservedRules observed = new ObservedRules();
    private final SourceBlocks blocked = new SourceBlocks(ranking::blocks);
    private volatile boolean enforces = true;

    @ObjectClassDefinition(name = "Ringfence policies", description = "The policy chain")
    @interface Configuration {
        @AttributeDefinition(description = "enforce: what policies decide is done. observe: everything is decided and reported, nothing is done",
                options = {@Option(label = "enforce", value = "enforce"), @Option(label = "observe", value = "observe")})
        String mode() default "enforce";

        @AttributeDefinition(name = "Budget", description = "Microseconds a policy may take to judge a connection; what takes longer again and again is quarantined",
                min = "1")
        long budget_microseconds() default 10_000;

        @AttributeDefinition(name = "Quarantine: verdict", description = "The chain's answer in place of a policy in quarantine; PASS: the others decide",
                options = {@Option(label = "refuse", value = "REFUSE"), @Option(label = "reset", value = "RESET"), @Option(label = "pass", value = "PASS")})
        String quarantine_verdict() default "REFUSE";
    }

    @Activate
    public RankedPolicyChain(BundleContext context, @Reference Handovers handovers, Configuration configuration) {
        this(System::nanoTime, stopping(context.getBundle()), true, handovers, new LostTime());
        configure(configuration);
        events.start();
    }

    @Modified
    void configure(Configuration configuration) {
        boolean observes = "observe".equals(configuration.mode());
        if (!observes && !"enforce".equals(configuration.mode())) {
            LOG.error("{}: mode '{}' is unknown: write enforce or observe; enforce is taken", PID, configuration.mode());
        }
        if (enforces == observes) {
            LOG.info("policy mode: {}", observes ? "observe: nothing that policies decide is done" : "enforce");
        }
        enforces = !observes;
        try {
            rules = ChainRules.of(configuration.budget_microseconds(), configuration.quarantine_verdict());
        } catch (IllegalArgumentException e) {
            LOG.error("{}: {}; what was in force stays in force", PID, e.getMessage());
        }
    }

    @Deactivate
    void deactivate() {
        events.stop();
        blocked.close();
        lost.close();
        if (handovers != null) {
            handovers.leave(ChainMemory.NAME, source);
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY,
            unbind = "removeListener")
    void addListener(PolicyEventListener listener) {
        events.add(listener);
    }

    void removeListener(PolicyEventListener listener) {
        events.remove(listener);
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
        this(clock, stopping, false, null);
    }

    /**
     * @param tries whether a policy is tried before it is asked
     * @param handovers null for a chain without versions before and after it
     */
    RankedPolicyChain(LongSupplier clock, BooleanSupplier stopping, boolean tries, Handovers handovers) {
        this(clock, stopping, tries, handovers, new LostTime(() -> 0));
    }

    /** With time that is lost: a test's, or the machine's. */
    RankedPolicyChain(LongSupplier clock, BooleanSupplier stopping, boolean tries, Handovers handovers, LostTime lost) {
        this.clock = clock;
        this.stopping = stopping;
        this.lost = lost;
        this.tries = tries;
        this.handovers = handovers;
        memory = new ChainMemory(handovers == null ? null : handovers.join(ChainMemory.NAME, source));
    }

    private synchronized HandoverState handOver() {
        return memory.handOver(ranking.all());
    }

    @Reference(name = "policy", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY, updated = "rank", unbind = "remove")
    void add(Policy policy, Map<String, ?> properties) {
        long serviceId = number(properties, Constants.SERVICE_ID, Long.MAX_VALUE);
        String name = policy.getClass().getName();
        String problem = "";
        try {
            name = nameOf(policy);
            if (tries && !memory.isProven(serviceId)) {
                Trial.run("judging", () -> policy.admit(TrialConnection.INSTANCE));
            }
        } catch (Trial.Failed e) {
            problem = e.getMessage();
        }
        add(policy, name, problem, ranking(properties), serviceId, number(properties, Constants.SERVICE_BUNDLEID, -1));
    }

    private synchronized void add(Policy policy, String name, String problem, int rank, long serviceId, long bundle) {
        ChainMemory.Remembered remembered = memory.of(name, serviceId);
        ChainedPolicy chained = new ChainedPolicy(policy, name, new Place(rank, remembered.order(), serviceId, bundle), clock, () -> rules,
                remembered.counters(), problem, lost);
        ranking.add(chained);
        if (!problem.isEmpty()) {
            boolean replaced = ranking.isReplaced(chained);
            LOG.error("policy '{}' of bundle {} is {}: {}; {}", name, bundle, replaced ? "rejected" : "quarantined", problem,
                    replaced ? "the one before it is asked" : "what it would judge is answered " + rules.quarantineVerdict());
        }
    }

    private String nameOf(Policy policy) throws Trial.Failed {
        String name = tries ? Trial.run("name()", policy::name) : policy.name();
        return name == null || name.isBlank() ? policy.getClass().getName() : name;
    }

    /** The service's properties have changed, perhaps its ranking. */
    void rank(Policy policy, Map<String, ?> properties) {
        ranking.rank(policy, ranking(properties));
    }

    void remove(Policy policy) {
        // The policies of this bundle go one by one before the chain itself does. Until then they judge as they were: one that
        // is missing would refuse, or let in, what is to wait for the bundle's return.
        if (!stopping.getAsBoolean()) {
            ranking.remove(policy);
        }
    }

    private static int ranking(Map<String, ?> properties) {
        // a ranking that is no Integer is none, as the framework has it
        return properties.get(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0;
    }

    private static long number(Map<String, ?> properties, String key, long otherwise) {
        return properties.get(key) instanceof Long number ? number : otherwise;
    }

    @Override
    public Verdict admit(Connection connection) {
        if (connection.id() == Connection.TRIAL) {
            return Verdict.REFUSE; // its policies may be at work for the chain that is in charge
        }
        ChainedPolicy[] present = ranking.asked(); // policies come and go meanwhile
        Verdict verdict = judge(present, connection);
        if (verdict == Verdict.ALLOW) {
            return verdict;
        }
        if (enforces) {
            for (int i = 0; i < passed; i++) {
                ended(present[i], connection); // they let it pass, and may count it
            }
            return verdict;
        }
        events.decided(connection, decidedBy, verdict == Verdict.RESET ? Measure.RESET : Measure.REFUSE, false,
                connection.inbound() ? "connection from it" : "connection to it");
        return Verdict.ALLOW;
    }

    /** The policy "block" that is asked; null if there is none that takes commands. Any thread. */
    Blocks blocks() {
        return ranking.blocks();
    }

    private Verdict judge(ChainedPolicy[] present, Connection connection) {
        long now = clock.getAsLong();
        for (passed = 0; passed < present.length; passed++) {
            ChainedPolicy chained = present[passed];
            Verdict verdict = chained.admit(connection, now);
            now = chained.until();
            if (chained.explains) {
                weigh(chained, connection, chained.admission(connection));
                now = clock.getAsLong();
            }
            if (verdict != Verdict.PASS) {
                decidedBy = chained.name;
                return verdict;
            }
        }
        decidedBy = NOBODY;
        return Verdict.REFUSE;
    }

    @Override
    public HoldRule hold(Connection connection) {
        for (ChainedPolicy chained : ranking.asked()) {
            HoldRule rule = chained.holds ? chained.hold(connection) : null;
            if (rule != null) {
                return enforces ? rule : observed.of(rule);
            }
        }
        return HoldRule.NONE;
    }

    @Override
    public Measure request(Connection connection, Request request) {
        for (ChainedPolicy chained : ranking.asked()) {
            if (chained.looksAtRequests) {
                Measure measure = weigh(chained, connection, chained.find(connection, request));
                if (measure != null) {
                    return measure;
                }
            }
        }
        return null;
    }

    @Override
    public Measure inspect(Connection connection) {
        for (ChainedPolicy chained : ranking.asked()) {
            if (chained.inspects) {
                Measure measure = weigh(chained, connection, chained.find(connection, null));
                if (measure != null) {
                    return measure;
                }
            }
        }
        return null;
    }

    /** What is to be done about a finding: null if nothing. */
    private Measure weigh(ChainedPolicy chained, Connection connection, Finding finding) {
        if (finding == null || finding.measure() == null) {
            return null;
        }
        Measure measure = finding.measure() == Measure.BLOCK && !Sources.isProven(connection) ? Measure.RESET : finding.measure();
        if (finding.evidence() != null) {
            events.decided(connection, chained.name, measure, enforces, finding.evidence());
        }
        if (!enforces || measure == Measure.NOTE) {
            return null;
        }
        if (measure == Measure.BLOCK) {
            blocked.block(connection.peerAddress());
        }
        return measure;
    }

    @Override
    public void stack(Stack stack) {
        for (ChainedPolicy chained : ranking.asked()) {
            Finding finding = chained.looksAtStacks ? chained.find(stack) : null;
            if (finding != null && finding.evidence() != null) {
                events.found(stack, chained.name, finding.evidence());
            }
        }
    }

    @Override
    public boolean decided(Connection connection, Measure measure, String evidence) {
        events.decided(connection, "hold", measure, enforces, evidence);
        return enforces;
    }

    @Override
    public List<PolicyEvent> events(int limit) {
        return events.last(limit);
    }

    @Override
    public String decidedBy() {
        return decidedBy;
    }

    @Override
    public void closed(Connection connection) {
        for (ChainedPolicy chained : ranking.asked()) {
            ended(chained, connection);
        }
    }

    private static void ended(ChainedPolicy chained, Connection connection) {
        if (chained.ends) {
            chained.closed(connection);
        }
    }

    @Override
    public List<PolicyReport> report() {
        return ranking.report();
    }
}
