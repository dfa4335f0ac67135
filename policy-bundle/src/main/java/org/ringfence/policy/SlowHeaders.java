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
import org.ringfence.api.policy.Stage;

/** Finds request heads that come too slowly to be meant: Slowloris. */
@Component(service = Policy.class, configurationPid = SlowHeaders.PID, immediate = true, property = "service.ranking:Integer=690")
@Designate(ocd = SlowHeaders.Configuration.class)
public final class SlowHeaders extends Detector {
    static final String PID = "org.ringfence.policy.slow_headers";

    @ObjectClassDefinition(name = "Ringfence detector: slow-headers", description = "Request heads and ClientHellos that take far longer than is normal (Slowloris)")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "A head that takes less is never slow", min = "1")
        int seconds() default 10;

        @AttributeDefinition(description = "A head that comes faster is never slow", min = "1")
        int bytesPerSecond() default 50;

        @AttributeDefinition(description = "And it takes so many times as long as 95 % of heads of its listener, or four times seconds", min = "1")
        int timesNormal() default 20;

        @AttributeDefinition(description = "Whether more than a note is done about a connection that is held, and takes nothing from the application but a slot")
        boolean heldToo() default false;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.reset;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.reset;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int seconds, int bytesPerSecond, int timesNormal, boolean heldToo, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public SlowHeaders(@Reference SourceLedger sources, Configuration configuration) {
        super("slow-headers", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.seconds(), changed.bytesPerSecond(), changed.timesNormal(), changed.heldToo(), made);
    }

    /** What is normal excuses nobody who takes so many times the seconds: whoever sends many slow heads moves what is normal. */
    private static final int MOST_TIMES = 4;

    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        if (!s.enabled || connection.stage() != Stage.HEAD) {
            return null;
        }
        double age = seconds(connection.stageSince());
        if (age < s.seconds || connection.stageBytes() >= age * s.bytesPerSecond) {
            return null;
        }
        double normal = connection.listener().normalHeadNanoseconds() / 1e9;
        if (age < Math.min(normal * s.timesNormal, (double) MOST_TIMES * s.seconds)) {
            return null;
        }
        return found(connection, connection.isHeld() && !s.heldToo ? Measure.NOTE : s.measures.at(pressure(connection)), s.measures,
                () -> text("%d B of request head in %.1f s%s%s", connection.stageBytes(), age, normal > 0 ? text(", normal here %.3f s", normal) : "",
                        connection.isHeld() ? "; it is held" : ""));
    }
}
