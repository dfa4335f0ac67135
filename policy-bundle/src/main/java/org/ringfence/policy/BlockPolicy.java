package org.ringfence.policy;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Blocks;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns away peers whose address is in a blocked prefix, and outgoing connections to one. No service of commands by itself: those go to the one that is
 * asked ({@link AskedBlocks}).
 */
@Component(service = Policy.class, configurationPid = BlockPolicy.PID, immediate = true,
        property = "service.ranking:Integer=1000")
@Designate(ocd = BlockPolicy.Configuration.class)
public final class BlockPolicy implements Policy, Blocks {
    static final String PID = "org.ringfence.policy.block";
    static final String NAME = "block";

    private static final Logger LOG = LoggerFactory.getLogger(BlockPolicy.class);

    @ObjectClassDefinition(name = "Ringfence policy: block",
            description = "Turns away connections from and to blocked addresses and prefixes")
    @interface Configuration {
        @AttributeDefinition(name = "Prefixes", description = "Addresses and prefixes, IPv4 and IPv6, several separated by commas: "
                + "192.0.2.7, 198.51.100.0/24, 2001:db8::/32")
        String[] prefixes() default {};

        @AttributeDefinition(description = "Seconds for which a source is blocked that another policy wants blocked", min = "1")
        int blockSeconds() default 60;

        @AttributeDefinition(description = "Of an IPv6 source, the prefix that is blocked, in bits", min = "32", max = "128")
        int ipv6Bits() default 64;

        @AttributeDefinition(name = "Verdict", description = "RESET: the peer gets a reset. REFUSE: an orderly end of the connection",
                options = {@Option(label = "reset", value = "RESET"), @Option(label = "refuse", value = "REFUSE")})
        String verdict() default "RESET";
    }

    private final BlockList list;
    private final BlockedSources sources = new BlockedSources(this::blockSources);
    private volatile int blockSeconds = 60;
    private volatile int ipv6Bits = 64;
    private volatile Verdict verdict = Verdict.RESET;
    private volatile List<String> errors = List.of();

    private final Handovers handovers;
    private final Supplier<HandoverState> source;
    /** What the version before knew when this one began; null if there was none. */
    private volatile HandoverState known;

    @Activate
    public BlockPolicy(@Reference Handovers handovers, Configuration configuration) {
        this(handovers, configuration, System::nanoTime);
    }

    /** @param handovers null for a policy without versions before and after it */
    BlockPolicy(Handovers handovers, Configuration configuration, LongSupplier clock) {
        this.handovers = handovers;
        list = new BlockList(clock);
        source = list::handOver;
        configure(configuration);
        HandoverState state = handovers == null ? null : handovers.join(BlockList.STATE, source, this::takeOverRest);
        if (state != null) {
            list.takeOverRest(state, null);
            known = state;
        }
    }

    /** Another version ends that has gone on blocking since. */
    private void takeOverRest(HandoverState state) {
        try {
            list.takeOverRest(state, known);
        } catch (IllegalArgumentException e) {
            LOG.warn("{}: what another version has blocked is not taken over: {}", PID, e.getMessage());
        }
    }

    /** Sources that others wanted blocked by now are. No further ones are. */
    void settle() {
        sources.close();
    }

    @Deactivate
    void end() {
        settle();
        handovers.leave(BlockList.STATE, source);
    }

    @Modified
    void configure(Configuration configuration) {
        // one string of a .cfg file is one element: take it apart here
        List<String> entries = Arrays.stream(configuration.prefixes())
                .flatMap(element -> Arrays.stream(element.split("[,\\s]+")))
                .filter(entry -> !entry.isEmpty())
                .toList();
        List<String> wrong = new java.util.ArrayList<>(list.configure(entries));
        boolean kept = !wrong.isEmpty() && list.configuredCount() > 0;
        switch (configuration.verdict()) {
            case "RESET" -> verdict = Verdict.RESET;
            case "REFUSE" -> verdict = Verdict.REFUSE;
            default -> wrong.add("verdict '" + configuration.verdict() + "' is unknown: write RESET or REFUSE");
        }
        for (String error : wrong) {
            LOG.error("{}: {}{}", PID, error, kept ? "; " + list.configuredCount() + " configured prefixes are in force" : "");
        }
        blockSeconds = Math.max(1, configuration.blockSeconds());
        ipv6Bits = Math.max(32, Math.min(128, configuration.ipv6Bits()));
        errors = List.copyOf(wrong);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Verdict admit(Connection connection) {
        return list.find(connection.peerAddress()) == null ? Verdict.PASS : verdict;
    }

    /** Another policy wants a source blocked, soon. The event loop's thread. */
    void blockSource(byte[] address) {
        sources.add(Sources.prefix(address, ipv6Bits));
    }

    private void blockSources(List<String> prefixes) {
        int leftOut = list.blockSources(prefixes, blockSeconds);
        if (leftOut > 0) {
            LOG.warn("{}: {} sources were not blocked, since {} prefixes are: block a shorter prefix that holds them", PID, leftOut, BlockList.MOST_SOURCES);
        }
    }

    BlockList list() {
        return list;
    }

    @Override
    public List<String> problems() {
        return errors;
    }

    @Override
    public BlockReport block(String prefix, long seconds) {
        return report(list.block(prefix, seconds));
    }

    @Override
    public BlockReport unblock(String prefix) {
        return report(list.unblock(prefix));
    }

    @Override
    public List<BlockReport> blocks() {
        return list.list().stream().map(this::report).toList();
    }

    @Override
    public List<String> errors() {
        return errors;
    }

    private BlockReport report(Block block) {
        return new BlockReport(PrefixText.write(block.prefix()), block.configured(), block.forever() ? -1 : list.secondsLeft(block));
    }
}
