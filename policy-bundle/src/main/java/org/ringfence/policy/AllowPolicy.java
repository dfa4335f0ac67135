package org.ringfence.policy;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** Allows what no policy before it had an opinion on. At the end of the chain, by its ranking. */
@Component(service = Policy.class, configurationPid = "org.ringfence.policy.allow", immediate = true,
        property = "service.ranking:Integer=-1000")
@Designate(ocd = AllowPolicy.Configuration.class)
public final class AllowPolicy implements Policy {

    @ObjectClassDefinition(name = "Ringfence policy: allow",
            description = "Allows what no other policy had an opinion on")
    @interface Configuration {
        @AttributeDefinition(name = "Enabled", description = "If false, a connection on which no policy has an opinion is refused")
        boolean enabled() default true;
    }

    private volatile Verdict verdict;

    @Activate
    public AllowPolicy(Configuration configuration) {
        configure(configuration);
    }

    @Modified
    void configure(Configuration configuration) {
        verdict = configuration.enabled() ? Verdict.ALLOW : Verdict.PASS;
    }

    @Override
    public String name() {
        return "allow";
    }

    @Override
    public Verdict admit(Connection connection) {
        return verdict;
    }
}
