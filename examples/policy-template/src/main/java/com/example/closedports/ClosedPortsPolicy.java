package com.example.closedports;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** Refuses peers that connect to ports which are closed for the moment. */
@Component(configurationPid = "com.example.closedports", property = "service.ranking:Integer=100")
@Designate(ocd = ClosedPortsPolicy.Config.class)
public final class ClosedPortsPolicy implements Policy {
    @ObjectClassDefinition(name = "Example policy: closed ports", description = "Refuses peers that connect to certain ports")
    public @interface Config {
        @AttributeDefinition(name = "Ports", description = "Ports nobody may connect to, separated by commas: 8080, 8443")
        String[] ports() default {};
    }

    private volatile Set<String> ports; // read on the event loop, changed on another thread

    @Activate
    public ClosedPortsPolicy(Config config) {
        configure(config);
    }

    @Modified
    void configure(Config config) {
        ports = Arrays.stream(config.ports()).flatMap(text -> Arrays.stream(text.split("[,\\s]+"))).collect(Collectors.toSet());
    }

    @Override
    public String name() {
        return "closed-ports";
    }

    @Override
    public Verdict admit(Connection connection) {
        boolean closed = connection.inbound() && ports.contains(Integer.toString(connection.localPort()));
        return closed ? Verdict.REFUSE : Verdict.PASS; // PASS: no opinion, the next policy decides
    }
}
