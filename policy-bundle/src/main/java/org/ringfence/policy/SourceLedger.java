package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.handover.Handovers;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Verdict;

/**
 * Keeps account of sources for the detectors: connections, requests, penalties; of what they have said; and of what they hold for normal. Has no opinion of its
 * own. Event loop only, but for its life: what it knows passes to the next version of it ({@link SourceHandover}).
 */
@Component(service = {Policy.class, SourceLedger.class}, configurationPid = "org.ringfence.policy.sources", immediate = true,
        property = "service.ranking:Integer=950")
@Designate(ocd = SourceLedger.Configuration.class)
public final class SourceLedger implements Policy {
    @ObjectClassDefinition(name = "Ringfence policy: sources", description = "What is remembered of peers, for the detectors")
    @interface Configuration {
        @AttributeDefinition(description = "Sources that are remembered at most, 28 bytes each", min = "1024", max = "2097152")
        int sources() default 1048576;

        @AttributeDefinition(description = "Of an IPv4 address, the bits that make a source", min = "8", max = "32")
        int ipv4Bits() default 32;

        @AttributeDefinition(description = "Of an IPv6 address, the bits that make a source", min = "16", max = "64")
        int ipv6Bits() default 64;
    }

    /** What is configured. */
    record Settings(int sources, int ipv4Bits, int ipv6Bits) {
        boolean hasSourcesOf(Settings other) {
            return ipv4Bits == other.ipv4Bits && ipv6Bits == other.ipv6Bits;
        }
    }

    private static final int DATAGRAM_SOURCES = 1 << 16;

    private SourceTable datagrams = new SourceTable(DATAGRAM_SOURCES);
    private final long start = System.nanoTime();
    private final Told told = new Told();
    private final List<String> detectors = new ArrayList<>();
    private final Handovers handovers;
    private final SourceHandover handover;
    private final Supplier<HandoverState> source;
    private volatile Settings wanted;
    private volatile SourceTable table;
    /** What the table is made for. */
    private Settings settings;
    /** The first connection judged here; what is known of those before it, another version has counted, or nobody. */
    private long firstId = Long.MAX_VALUE;
    /** The version before this one has told how many connections there were. */
    private boolean inherited;

    @Activate
    public SourceLedger(@Reference Handovers handovers, Configuration configuration) {
        this.handovers = handovers;
        configure(configuration);
        settings = wanted;
        table = new SourceTable(settings.sources);
        handover = new SourceHandover(() -> table.counts(now()), () -> wanted);
        source = handover::give;
        HandoverState state = handovers == null ? null : handovers.join(SourceHandover.NAME, source, handover::takeRest);
        SourceCounts counts = handover.take(state);
        if (counts != null) {
            table.add(counts, now());
            inherited = handover.isFromTheLiving();
        }
    }

    /** For a ledger without versions before and after it. */
    SourceLedger(Configuration configuration) {
        this(null, configuration);
    }

    @Modified
    void configure(Configuration configuration) {
        wanted = new Settings(configuration.sources(), configuration.ipv4Bits(), configuration.ipv6Bits());
    }

    @Deactivate
    void end() {
        handover.end();
        handovers.leave(SourceHandover.NAME, source);
    }

    /** Takes over what has come since the last call: another configuration, what another version has counted. */
    private void settle() {
        if (wanted != settings) {
            rearrange(wanted);
        }
        for (SourceCounts counts = handover.next(); counts != null; counts = handover.next()) {
            table.add(counts, now());
            table.endDebts();
        }
    }

    private void rearrange(Settings next) {
        SourceTable other = new SourceTable(next.sources);
        if (next.hasSourcesOf(settings)) {
            other.add(table.counts(now()), now());
        } else {
            inherited = false;
            firstId = Long.MAX_VALUE;
            datagrams = new SourceTable(DATAGRAM_SOURCES);
        }
        table = other;
        settings = next;
    }

    /** Tenths of a second of a clock of its own. */
    int now() {
        return (int) ((System.nanoTime() - start) / 100_000_000);
    }

    SourceTable table() {
        return table;
    }

    /** What was said of connections that live. */
    Told told() {
        return told;
    }

    /** A detector's place in {@link #told()}: the same for each detector of a name. Any thread. */
    int place(String detector) {
        synchronized (detectors) {
            int place = detectors.indexOf(detector);
            if (place >= 0) {
                return place;
            }
            if (detectors.size() == Told.DETECTORS) {
                throw new IllegalStateException(detector + " is one detector more than " + Told.DETECTORS);
            }
            detectors.add(detector);
            return detectors.size() - 1;
        }
    }

    /** What is normal of something, as a version before this one has learned it, too. Any thread. */
    Normal normal(String of) {
        return handover.normal(of);
    }

    /** What stands for the connection's source, here and in no other version. */
    long key(Connection connection) {
        long key = SourceTable.key(connection.peerAddress(), settings.ipv4Bits, settings.ipv6Bits);
        return Sources.isProven(connection) ? key : ~key;
    }

    /** Whoever sends datagrams has an account of his own: nothing of it is the doing of who has that address and connects. */
    private SourceTable table(Connection connection) {
        return Sources.isProven(connection) ? table : datagrams;
    }

    private int place(Connection connection, boolean make) {
        settle();
        return table(connection).find(key(connection), make, now());
    }

    /** Connections from outside that the connection's source has. */
    int open(Connection connection) {
        int place = place(connection, false);
        return place < 0 ? 0 : Math.max(0, table(connection).open(place));
    }

    double connectionRate(Connection connection) {
        int place = place(connection, false);
        return place < 0 ? 0 : table(connection).connectionRate(place, now());
    }

    double requestRate(Connection connection) {
        int place = place(connection, false);
        return place < 0 ? 0 : table(connection).requestRate(place, now());
    }

    /** A detector has done something about the connection: how many penalties its source has now; of datagrams always 0. */
    double penalize(Connection connection) {
        if (!Sources.isProven(connection)) {
            return 0;
        }
        int place = place(connection, true);
        return table.penalize(place, now());
    }

    @Override
    public String name() {
        return "sources";
    }

    @Override
    public Verdict admit(Connection connection) {
        if (connection.id() == Connection.TRIAL) {
            return Verdict.PASS;
        }
        if (connection.inbound()) {
            int place = place(connection, true);
            table(connection).opened(place, now());
        }
        firstId = Math.min(firstId, connection.id());
        return Verdict.PASS;
    }

    @Override
    public void closed(Connection connection) {
        told.forget(connection.id());
        if (!connection.inbound()) {
            return;
        }
        settle();
        boolean earlier = connection.id() < firstId;
        if (earlier && !(inherited && Sources.isProven(connection))) {
            return; // it was never counted: those of datagrams pass to no other version
        }
        // one that came while the version before was asked and this one was there may not have been told of yet
        boolean owed = earlier && handover.isAwaited() && Sources.isProven(connection);
        int place = place(connection, owed);
        if (place >= 0) {
            table(connection).closed(place, owed);
        }
    }

    @Override
    public Finding request(Connection connection, Request request) {
        int place = place(connection, true);
        table(connection).requested(place, now());
        return null;
    }
}
