package org.ringfence.policy;

import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forbids applications to connect to certain prefixes, above all to local services: 127.0.0.1 in an application is the INS's loopback, by
 * default the host's. Connections from outside are none of its business.
 */
@Component(service = Policy.class, configurationPid = EgressPolicy.PID, immediate = true, property = "service.ranking:Integer=900")
@Designate(ocd = EgressPolicy.Configuration.class)
public final class EgressPolicy implements Policy {
    static final String PID = "org.ringfence.policy.egress";

    private static final Logger LOG = LoggerFactory.getLogger(EgressPolicy.class);

    @ObjectClassDefinition(name = "Ringfence policy: egress", description = "Forbids applications to connect to certain addresses and prefixes")
    @interface Configuration {
        @AttributeDefinition(name = "Forbidden", description = "Addresses and prefixes, IPv4 and IPv6, several separated by commas: 127.0.0.0/8, ::1")
        String[] forbidden() default {};
    }

    private final BlockList list = new BlockList(System::nanoTime);
    private volatile List<String> problems = List.of();

    @Activate
    public EgressPolicy(Configuration configuration) {
        configure(configuration);
    }

    @Modified
    void configure(Configuration configuration) {
        List<String> entries = Arrays.stream(configuration.forbidden()).flatMap(element -> Arrays.stream(element.split("[,\\s]+")))
                .filter(entry -> !entry.isEmpty()).toList();
        problems = List.copyOf(list.configure(entries));
        for (String error : problems) {
            LOG.error("{}: {}; {} configured prefixes are in force", PID, error, list.configuredCount());
        }
    }

    @Override
    public String name() {
        return "egress";
    }

    @Override
    public List<String> problems() {
        return problems;
    }

    @Override
    public Verdict admit(Connection connection) {
        return connection.inbound() || list.find(connection.peerAddress()) == null ? Verdict.PASS : Verdict.REFUSE;
    }
}
