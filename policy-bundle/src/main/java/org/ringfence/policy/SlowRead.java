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

/** Finds clients that take responses too slowly to be meant. */
@Component(service = Policy.class, configurationPid = SlowRead.PID, immediate = true, property = "service.ranking:Integer=670")
@Designate(ocd = SlowRead.Configuration.class)
public final class SlowRead extends Detector {
    static final String PID = "org.ringfence.policy.slow_read";

    @ObjectClassDefinition(name = "Ringfence detector: slow-read", description = "Responses that their clients take far slower than is normal, or not at all")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "A client that has taken something, or been given something, within this time is never slow by standing still", min = "1")
        int seconds() default 10;

        @AttributeDefinition(description = "A client that takes more is never slow", min = "1")
        int bytesPerSecond() default 500;

        @AttributeDefinition(description = "A client that takes less than one part in so many of what is normal at its listener is slow, too, up to four times bytesPerSecond", min = "1")
        int partOfNormal() default 50;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.reset;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.reset;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int seconds, int bytesPerSecond, int partOfNormal, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public SlowRead(@Reference SourceLedger sources, Configuration configuration) {
        super("slow-read", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.seconds(), changed.bytesPerSecond(), changed.partOfNormal(), made);
    }

    /** Whose window is open for so many bytes reads what comes; that nothing does may be the line's doing. It gets so many times as long. */
    private static final int OPEN = 4096;
    private static final int LOSSES = 3;

    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        if (!s.enabled || connection.outWaiting() == 0 || !connection.inbound()) {
            return null;
        }
        double still = seconds(connection.lastOut());
        long normal = connection.listener().normalResponseRate();
        long bound = Math.max(s.bytesPerSecond, Math.min(normal / s.partOfNormal, 4L * s.bytesPerSecond));
        int patience = connection.peerWindow() < OPEN ? s.seconds : LOSSES * s.seconds;
        boolean slow = seconds(connection.stageSince()) > patience && connection.outRate() < bound;
        if (still < patience && !slow) {
            return null;
        }
        return found(connection, s.measures, () -> text("takes %d B/s, nothing for %.1f s, while %d B wait%s",
                connection.outRate() == Long.MAX_VALUE ? 0 : connection.outRate(), still, connection.outWaiting(), normal > 0 ? text(", normal here %d B/s", normal) : ""));
    }
}
