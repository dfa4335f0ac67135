package org.ringfence.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says how connections of each listener are held until they have shown something: deferred accept. */
@Component(service = Policy.class, configurationPid = HoldPolicy.PID, immediate = true, property = "service.ranking:Integer=-900")
@Designate(ocd = HoldPolicy.Configuration.class)
public final class HoldPolicy implements Policy {
    static final String PID = "org.ringfence.policy.hold";

    private static final Logger LOG = LoggerFactory.getLogger(HoldPolicy.class);
    /** Application, which may be left out, with its colon; port; mode. */
    private static final Pattern LISTENER = Pattern.compile("(.+:)?([0-9]{1,5})=(none|data|http-request|tls-client-hello|auto)");

    @ObjectClassDefinition(name = "Ringfence policy: hold",
            description = "Deferred accept: a connection is held in the gateway until it has shown what its listener's mode asks for")
    @interface Configuration {
        @AttributeDefinition(description = "For listeners that are not named below; auto: what fits the first bytes and what the server was seen to speak",
                options = {@Option(label = "none", value = "none"), @Option(label = "data", value = "data"),
                    @Option(label = "http-request", value = "http-request"), @Option(label = "tls-client-hello", value = "tls-client-hello"),
                    @Option(label = "auto", value = "auto")})
        String mode() default "auto";

        @AttributeDefinition(description = "Listeners with a mode of their own, several separated by commas: PORT=MODE or APPLICATION:PORT=MODE")
        String[] listeners() default {};

        @AttributeDefinition(description = "Ports whose servers speak first: with mode auto nothing is held there")
        int[] serverFirst() default {21, 22, 23, 25, 109, 110, 119, 143, 465, 587, 1433, 2525, 3306, 3307, 5900, 6667};

        @AttributeDefinition(description = "Longest request head that is held, in bytes; a longer one goes on as it comes", min = "1024", max = "524288")
        int headBytes() default 65536;

        @AttributeDefinition(description = "Longest request body that is held until it is complete, in bytes", min = "0", max = "524288")
        int bodyBytes() default 262144;

        @AttributeDefinition(description = "Seconds a connection may be held without a byte", min = "1")
        int silentSeconds() default 60;

        @AttributeDefinition(description = "Seconds a request head or ClientHello may take from its first byte", min = "1")
        int headSeconds() default 60;

        @AttributeDefinition(description = "Seconds a held request body may take", min = "1")
        int bodySeconds() default 300;

        @AttributeDefinition(description = "Seconds a connection that was taken back may wait for its next request", min = "1")
        int idleSeconds() default 75;

        @AttributeDefinition(description = "Held connections of a listener; of more the slowest are reset", min = "16")
        int connections() default 24576;

        @AttributeDefinition(description = "Bytes held of a listener's connections, in MiB; of more the slowest connections are reset", min = "1")
        int mebibytes() default 64;

        @AttributeDefinition(description = "Held connections of a listener from one source, an IPv4 address or an IPv6 prefix of 64 bits; of more, that source's slowest are reset",
                min = "1")
        int sourceConnections() default 16384;

        @AttributeDefinition(description = "Bytes held of a listener's connections from one source, in MiB; of more, that source's slowest connections are reset", min = "1")
        int sourceMebibytes() default 48;

        @AttributeDefinition(description = "Connections that may pass without evidence at a time while it is not known whether the server of a listener in mode auto "
                + "speaks first", min = "0")
        int probes() default 16;

        @AttributeDefinition(description = "KiB of a response that are taken from the application at once, per connection", min = "4", max = "1024")
        int absorbKibibytes() default 1024;

        @AttributeDefinition(description = "MiB of responses that may wait for clients of a listener who need more than ten seconds to take them; of more, the connections that take least are reset", min = "1")
        int absorbMebibytes() default 96;

        @AttributeDefinition(description = "Whether idle keep-alive connections are taken back from an application that does not keep up")
        boolean repark() default true;
    }

    private record Rules(HoldRule usual, Map<Integer, HoldRule> byPort, Map<String, HoldRule> byListener) {
    }

    private volatile Rules rules;
    private volatile List<String> problems = List.of();
    /** The listeners with a mode of their own as they were when they were all right. */
    private Map<String, Evidence> listeners = Map.of();

    @Activate
    public HoldPolicy(Configuration configuration) {
        configure(configuration);
    }

    @Modified
    void configure(Configuration configuration) {
        List<String> wrong = new ArrayList<>();
        Map<String, Evidence> named = new HashMap<>();
        for (String entry : entries(configuration.listeners())) {
            Matcher matcher = LISTENER.matcher(entry);
            if (matcher.matches() && Integer.parseInt(matcher.group(2)) <= 65535) { // the port of an IP socket has 16 bits
                named.put(entry.substring(0, matcher.end(2)), mode(matcher.group(3)));
            } else {
                wrong.add("'" + entry + "' is no PORT=MODE or APPLICATION:PORT=MODE with one of the modes none, data, http-request, "
                        + "tls-client-hello, auto: write it like 8080=http-request");
            }
        }
        if (wrong.isEmpty()) {
            listeners = Map.copyOf(named);
        }
        for (String error : wrong) {
            LOG.error("{}: listeners: {}; {} that were right are in force", PID, error, listeners.size());
        }
        problems = List.copyOf(wrong);
        rules = rules(configuration);
    }

    private Rules rules(Configuration configuration) {
        Map<Integer, HoldRule> byPort = new HashMap<>();
        Map<String, HoldRule> byListener = new HashMap<>();
        HoldRule usual = rule(configuration, mode(configuration.mode()));
        if (usual.evidence() == Evidence.AUTO) {
            HoldRule none = rule(configuration, Evidence.NONE);
            Arrays.stream(configuration.serverFirst()).forEach(port -> byPort.put(port, none));
        }
        listeners.forEach((listener, evidence) -> {
            if (listener.indexOf(':') < 0) {
                byPort.put(Integer.valueOf(listener), rule(configuration, evidence));
            } else {
                byListener.put(listener, rule(configuration, evidence));
            }
        });
        return new Rules(usual, Map.copyOf(byPort), Map.copyOf(byListener));
    }

    private static Set<String> entries(String[] elements) {
        return Arrays.stream(elements).flatMap(element -> Arrays.stream(element.split("[,\\s]+"))).filter(entry -> !entry.isEmpty())
                .collect(Collectors.toSet());
    }

    private static Evidence mode(String text) {
        return Evidence.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    private static HoldRule rule(Configuration c, Evidence evidence) {
        return new HoldRule(evidence, c.headBytes(), c.bodyBytes(), c.silentSeconds() * 1000, c.headSeconds() * 1000, c.bodySeconds() * 1000,
                c.idleSeconds() * 1000, c.connections(), (long) c.mebibytes() << 20, c.probes(), c.absorbKibibytes() << 10, (long) c.absorbMebibytes() << 20, c.repark(), true,
                c.sourceConnections(), (long) c.sourceMebibytes() << 20);
    }

    @Override
    public String name() {
        return "hold";
    }

    @Override
    public List<String> problems() {
        return problems;
    }

    @Override
    public Verdict admit(Connection connection) {
        return Verdict.PASS;
    }

    @Override
    public HoldRule hold(Connection connection) {
        Rules current = rules;
        if (!current.byListener.isEmpty()) {
            HoldRule rule = current.byListener.get(connection.application() + ':' + connection.localPort());
            if (rule != null) {
                return rule;
            }
        }
        HoldRule rule = current.byPort.isEmpty() ? null : current.byPort.get(connection.localPort());
        return rule == null ? current.usual : rule;
    }
}
