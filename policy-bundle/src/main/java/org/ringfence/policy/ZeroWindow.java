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

/** Finds peers that keep their receive window shut. */
@Component(service = Policy.class, configurationPid = ZeroWindow.PID, immediate = true, property = "service.ranking:Integer=675")
@Designate(ocd = ZeroWindow.Configuration.class)
public final class ZeroWindow extends Detector {
    static final String PID = "org.ringfence.policy.zero_window";

    @ObjectClassDefinition(name = "Ringfence detector: zero-window", description = "Peers that keep their receive window shut while a response waits (sockstress)")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "A window that has been shut for less is never found", min = "1")
        int seconds() default 10;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.note;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.reset;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.reset;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int seconds, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public ZeroWindow(@Reference SourceLedger sources, Configuration configuration) {
        super("zero-window", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.seconds(), made);
    }

    @Override
    public Finding inspect(Connection connection) {
        Settings s = settings;
        if (!s.enabled || connection.outWaiting() == 0 || connection.peerWindow() != 0) {
            return null;
        }
        double shut = seconds(connection.lastOut());
        if (shut < s.seconds) {
            return null;
        }
        return found(connection, s.measures, () -> text("receive window shut for %.1f s, while %d B wait", shut, connection.outWaiting()));
    }
}
