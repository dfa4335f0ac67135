package org.ringfence.policy;

import java.util.Map;
import java.util.WeakHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Stage;

/** Finds connections that keep an application busy with nothing, while others wait for it. */
@Component(service = Policy.class, configurationPid = IdleHoarding.PID, immediate = true, property = "service.ranking:Integer=660")
@Designate(ocd = IdleHoarding.Configuration.class)
public final class IdleHoarding extends Detector {
    static final String PID = "org.ringfence.policy.idle";

    @ObjectClassDefinition(name = "Ringfence detector: idle", description = "Connections that are silent, or idle between requests, while others wait for the application")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "A connection that has been idle for less is never found", min = "1")
        int seconds() default 5;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.none;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.refuse;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.reset;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int seconds, Measures measures) {
    }

    /** How many have gone for those that wait, in the present second. */
    private static final class Turn {
        static final long NANOSECONDS = 1_000_000_000L;
        long since = System.nanoTime() - NANOSECONDS;
        int gone;

        boolean isOver(int wanted) {
            long now = System.nanoTime();
            if (now - since >= NANOSECONDS) {
                since = now;
                gone = 0;
            }
            return gone >= wanted;
        }
    }

    private volatile Settings settings;
    private final Map<Listener, Turn> turns = new WeakHashMap<>();

    @Activate
    public IdleHoarding(@Reference SourceLedger sources, Configuration configuration) {
        super("idle", sources);
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
        if (!s.enabled || connection.isHeld() || !connection.inbound() || connection.listener().unread() == 0) {
            return null;
        }
        boolean silent = connection.stage() == Stage.SILENT && connection.bytesOut() == 0;
        if (!silent && connection.stage() != Stage.IDLE) {
            return null;
        }
        double idle = seconds(Math.max(connection.lastIn(), connection.stageSince()));
        if (idle < s.seconds) {
            return null;
        }
        Turn turn = turns.computeIfAbsent(connection.listener(), listener -> new Turn());
        if (turn.isOver(connection.listener().unread())) {
            return null;
        }
        Finding finding = found(connection, s.measures, () -> text("%s for %.1f s, while %d connections wait for the application",
                silent ? "not a byte" : "idle", idle, connection.listener().unread()));
        if (finding != null && finding.evidence() != null && finding.measure() != Measure.NOTE) {
            turn.gone++;
        }
        return finding;
    }
}
