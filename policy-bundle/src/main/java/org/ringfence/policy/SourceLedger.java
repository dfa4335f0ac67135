package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Verdict;

/** Keeps account of sources for the detectors: connections, requests, penalties; and of what they have said. Has no opinion of its own. Event loop only. */
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

    private static final int DATAGRAM_SOURCES = 1 << 16;

    private final SourceTable table;
    private final SourceTable datagrams = new SourceTable(DATAGRAM_SOURCES);
    private final int ipv4Bits;
    private final int ipv6Bits;
    private final long start = System.nanoTime();
    private final Told told = new Told();
    private final List<String> detectors = new ArrayList<>();

    @Activate
    public SourceLedger(Configuration configuration) {
        table = new SourceTable(configuration.sources());
        ipv4Bits = configuration.ipv4Bits();
        ipv6Bits = configuration.ipv6Bits();
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

    /** What stands for the connection's source, here and in no other version. */
    long key(Connection connection) {
        long key = SourceTable.key(connection.peerAddress(), ipv4Bits, ipv6Bits);
        return Sources.isProven(connection) ? key : ~key;
    }

    /** Whoever sends datagrams has an account of his own: nothing of it is the doing of who has that address and connects. */
    private SourceTable table(Connection connection) {
        return Sources.isProven(connection) ? table : datagrams;
    }

    private int place(Connection connection, boolean make) {
        return table(connection).find(key(connection), make, now());
    }

    /** Connections from outside that the connection's source has. */
    int open(Connection connection) {
        int place = place(connection, false);
        return place < 0 ? 0 : table(connection).open(place);
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
        return Sources.isProven(connection) ? table.penalize(place(connection, true), now()) : 0;
    }

    @Override
    public String name() {
        return "sources";
    }

    @Override
    public Verdict admit(Connection connection) {
        if (connection.inbound() && connection.id() != Connection.TRIAL) {
            table(connection).opened(place(connection, true), now());
        }
        return Verdict.PASS;
    }

    @Override
    public void closed(Connection connection) {
        told.forget(connection.id());
        if (connection.inbound()) {
            int place = place(connection, false);
            if (place >= 0) {
                table(connection).closed(place);
            }
        }
    }

    @Override
    public Finding request(Connection connection, Request request) {
        table(connection).requested(place(connection, true), now());
        return null;
    }
}
