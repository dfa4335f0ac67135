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

/** Finds request bodies that come too slowly to be meant. */
@Component(service = Policy.class, configurationPid = SlowBody.PID, immediate = true, property = "service.ranking:Integer=680")
@Designate(ocd = SlowBody.Configuration.class)
public final class SlowBody extends Detector {
    static final String PID = "org.ringfence.policy.slow_body";

    @ObjectClassDefinition(name = "Ringfence detector: slow-body", description = "Request bodies that come far slower than is normal (RUDY)")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "A body that takes less is never slow", min = "1")
        int seconds() default 10;

        @AttributeDefinition(description = "A body that comes faster is never slow", min = "1")
        int bytesPerSecond() default 100;

        @AttributeDefinition(description = "And slower than one part in so many of what 95 % of bodies of its listener come with, if that is known, or than a quarter of bytesPerSecond", min = "1")
        int partOfNormal() default 20;

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

    private record Settings(boolean enabled, int seconds, int bytesPerSecond, int partOfNormal, boolean heldToo, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public SlowBody(@Reference SourceLedger sources, Configuration configuration) {
        super("slow-body", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.seconds(), changed.bytesPerSecond(), changed.partOfNormal(), changed.heldToo(), made);
    }

    /** What is normal excuses nobody who sends less than this part of bytesPerSecond: whoever sends many slow bodies moves what is normal. */
    private static final int LEAST_PART = 4;

    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        if (!s.enabled || connection.stage() != Stage.BODY) {
            return null;
        }
        double age = seconds(connection.stageSince());
        if (age < s.seconds || connection.inRate() >= s.bytesPerSecond) {
            return null;
        }
        long normal = connection.listener().normalBodyRate();
        if (normal > 0 && connection.inRate() > normal / s.partOfNormal && connection.inRate() * LEAST_PART >= s.bytesPerSecond) {
            return null;
        }
        return found(connection, connection.isHeld() && !s.heldToo ? Measure.NOTE : s.measures.at(pressure(connection)), s.measures,
                () -> text("%d B/s of a request body after %.1f s%s%s", connection.inRate(), age, normal > 0 ? text(", normal here %d B/s", normal) : "",
                        connection.isHeld() ? "; it is held" : ""));
    }
}
