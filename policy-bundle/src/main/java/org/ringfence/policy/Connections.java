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
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** Finds sources with too many connections, or too many new ones. */
@Component(service = Policy.class, configurationPid = Connections.PID, immediate = true, property = "service.ranking:Integer=650")
@Designate(ocd = Connections.Configuration.class)
public final class Connections extends Detector {
    static final String PID = "org.ringfence.policy.connections";

    @ObjectClassDefinition(name = "Ringfence detector: connections", description = "Sources with far more connections, or new ones a second, than others have")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "So many connections of a source are always normal", min = "1")
        int connections() default 256;

        @AttributeDefinition(description = "So many new connections a second of a source are always normal", min = "1")
        int perSecond() default 100;

        @AttributeDefinition(description = "More than so many times what sources with many have in calm times is not normal", min = "1")
        int timesNormal() default 4;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.note;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int connections, int perSecond, int timesNormal, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public Connections(@Reference SourceLedger sources, Configuration configuration) {
        super("connections", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.connections(), changed.perSecond(), changed.timesNormal(), made);
    }

    /** Of sources with many, in calm times. */
    private final Normal open = sources().normal("connections.open");
    private final Normal fresh = sources().normal("connections.new");
    private Finding decided;

    @Override
    public Verdict admit(Connection connection) {
        Settings s = settings;
        decided = null;
        if (!s.enabled || !connection.inbound() || connection.id() == Connection.TRIAL) {
            return Verdict.PASS;
        }
        if (pressure(connection) == 0 && Sources.isProven(connection)) {
            long now = System.nanoTime();
            open.learn(sources().open(connection), s.connections, now);
            fresh.learn(sources().connectionRate(connection), s.perSecond, now);
        }
        decided = look(connection, s);
        if (decided == null || decided.measure().compareTo(Measure.REFUSE) < 0) {
            return Verdict.PASS;
        }
        return decided.measure() == Measure.REFUSE ? Verdict.REFUSE : Verdict.RESET;
    }

    private Finding look(Connection connection, Settings s) {
        int count = sources().open(connection);
        double rate = sources().connectionRate(connection);
        if (count <= openBound(s) && rate <= rateBound(s)) {
            return null;
        }
        return foundOfSource(connection, pressure(connection), s.measures, () -> text("%d connections, %.0f new ones a second, normal here %.0f and %.0f", count, rate, open.value(), fresh.value()));
    }

    /** Whoever is admitted and to be slowed down is so for as long as his source has too many. */
    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        Measure measure = s.enabled && connection.inbound() ? s.measures.at(pressure(connection)) : null;
        return measure == Measure.SHRINK || measure == Measure.THROTTLE ? look(connection, s) : null;
    }

    /** New connections a second of a source with many, in calm times. */
    double normalRate() {
        return fresh.value();
    }

    private double openBound(Settings s) {
        return Math.max(s.connections, open.value() * s.timesNormal);
    }

    private double rateBound(Settings s) {
        return Math.max(s.perSecond, fresh.value() * s.timesNormal);
    }

    /** What the last admit found, told as soon as the connection is looked at, or at once where it is refused. */
    @Override
    public Finding admission() {
        Finding finding = decided;
        decided = null;
        return finding;
    }
}
