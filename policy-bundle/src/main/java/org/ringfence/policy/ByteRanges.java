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
import org.ringfence.api.policy.Request;

/** Finds requests for many or overlapping byte ranges, each of which costs a server a part of its own. */
@Component(service = Policy.class, configurationPid = ByteRanges.PID, immediate = true, property = "service.ranking:Integer=630")
@Designate(ocd = ByteRanges.Configuration.class)
public final class ByteRanges extends Detector {
    static final String PID = "org.ringfence.policy.byte_ranges";

    @ObjectClassDefinition(name = "Ringfence detector: byte-ranges", description = "Requests for many small or overlapping ranges of bytes (Apache killer)")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "More ranges than this in one request are abuse", min = "1")
        int ranges() default 100;

        @AttributeDefinition(description = "More ranges than this that overlap one before them are abuse: RFC 9110, 14.2, names two", min = "0")
        int overlapping() default 2;

        @AttributeDefinition(description = "Measure while the listener is calm")
        MeasureChoice calm() default MeasureChoice.reset;

        @AttributeDefinition(description = "Measure while the listener is pressed")
        MeasureChoice pressed() default MeasureChoice.reset;

        @AttributeDefinition(description = "Measure when that has lasted")
        MeasureChoice hard() default MeasureChoice.reset;

        @AttributeDefinition(description = "Penalties of a source after which block blocks; before, it resets", min = "1")
        int blockAfter() default 20;
    }

    private record Settings(boolean enabled, int ranges, int overlapping, Measures measures) {
    }

    private volatile Settings settings;

    @Activate
    public ByteRanges(@Reference SourceLedger sources, Configuration configuration) {
        super("byte-ranges", sources);
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        Measures made = Measures.of(changed.calm(), changed.pressed(), changed.hard(), changed.blockAfter());
        settings = new Settings(changed.enabled(), changed.ranges(), changed.overlapping(), made);
    }

    @Override
    public Finding request(Connection connection, Request request) {
        Settings s = settings;
        if (!s.enabled || request.ranges() <= s.ranges && request.overlappingRanges() <= s.overlapping) {
            return null;
        }
        return found(connection, s.measures, () -> text("%d ranges of bytes in one request, %d overlapping", request.ranges(), request.overlappingRanges()));
    }
}
