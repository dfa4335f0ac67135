package org.ringfence.policy;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Policy;

/** Finds sources that flood a server with requests. */
@Component(service = Policy.class, configurationPid = Requests.PID, immediate = true, property = "service.ranking:Integer=640")
@Designate(ocd = Requests.Configuration.class)
public final class Requests extends Detector {
    static final String PID = "org.ringfence.policy.requests";

    @ObjectClassDefinition(name = "Ringfence detector: requests", description = "Sources with far more requests a second than others have")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "So many requests a second of a source are always normal", min = "1")
        int perSecond() default 500;

        @AttributeDefinition(description = "More than so many times what busy sources do in calm times is not normal", min = "1")
        int timesNormal() default 4;

        @AttributeDefinition(description = "Measure while the application keeps up")
        MeasureChoice calm() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure while the application does not keep up")
        MeasureChoice pressed() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.throttle;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int perSecond, int timesNormal, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public Requests(@Reference SourceLedger sources, Configuration configuration) {
        super("requests", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.perSecond(), changed.timesNormal(), made);
    }

    /** Of busy sources, in calm times. */
    private final Normal normal = sources().normal("requests");

    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        if (!s.enabled || connection.requests() == 0) {
            return null;
        }
        double rate = sources().requestRate(connection);
        int overload = overload(connection);
        if (overload == 0) {
            normal.learn(rate, s.perSecond, System.nanoTime());
        }
        if (rate <= bound(s)) {
            return null;
        }
        return foundOfSource(connection, overload, s.measures, () -> text("%.0f requests a second of this source, normal here %.0f", rate, normal.value()));
    }

    private double bound(Settings s) {
        return Math.max(s.perSecond, normal.value() * s.timesNormal);
    }
}
