package org.ringfence.policy;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Stack;
import org.ringfence.api.policy.Verdict;

/** Finds floods of connection requests that nobody finishes, by what the stacks of the INSs count. Event loop only. */
@Component(service = Policy.class, configurationPid = SynFlood.PID, immediate = true, property = "service.ranking:Integer=680")
@Designate(ocd = SynFlood.Configuration.class)
public final class SynFlood implements Policy {
    static final String PID = "org.ringfence.policy.syn_flood";
    private static final double AVERAGED_SECONDS = 1;
    /** Of what is normal one look tells so much. */
    private static final double LEARNED = 0.02;

    @ObjectClassDefinition(name = "Ringfence detector: syn-flood", description = "Connection requests that nobody finishes, as the INS's stack counts them")
    @interface Configuration {
        @AttributeDefinition(description = "Whether it looks at anything")
        boolean enabled() default true;

        @AttributeDefinition(description = "Fewer unfinished connection requests a second are never a flood", min = "1")
        int perSecond() default 20;

        @AttributeDefinition(description = "More than so many times what is normal for the stack are a flood", min = "1")
        int timesNormal() default 4;

        @AttributeDefinition(description = "Seconds after which a flood that lasts is told of again, and of calm after which it is over", min = "1")
        int seconds() default 10;
    }

    private record Settings(boolean enabled, int perSecond, int timesNormal, int seconds) {
    }

    /** What is known of a stack. */
    private static final class Known {
        long at;
        long cookies;
        long dropped;
        long repeated;
        long opened;
        long overflows;
        double cookieRate;
        double dropRate;
        double repeatRate;
        double openRate;
        double overflowRate;
        double normal;
        boolean flooded;
        long told;
        long lastFlooded;
        double most;
    }

    private final Map<String, Known> stacks = new HashMap<>();
    private volatile Settings settings;

    @Activate
    public SynFlood(Configuration configuration) {
        configure(configuration);
    }

    @Modified
    void configure(Configuration changed) {
        settings = new Settings(changed.enabled(), changed.perSecond(), changed.timesNormal(), changed.seconds());
    }

    @Override
    public String name() {
        return "syn-flood";
    }

    @Override
    public Verdict admit(Connection connection) {
        return Verdict.PASS;
    }

    @Override
    public Finding stack(Stack stack) {
        Settings s = settings;
        Known known = stacks.computeIfAbsent(stack.ins(), name -> new Known());
        boolean first = known.at == 0 || stack.cookies() < known.cookies || stack.opened() < known.opened; // or another stack of the same name
        double seconds = (stack.lookedAt() - known.at) / 1e9;
        if (!first && seconds > 0) {
            measure(known, stack, seconds);
        }
        known.at = stack.lookedAt();
        known.cookies = stack.cookies();
        known.dropped = stack.dropped();
        known.repeated = stack.repeated();
        known.opened = stack.opened();
        known.overflows = stack.overflows();
        return first || !s.enabled ? null : judge(known, s);
    }

    private static void measure(Known known, Stack stack, double seconds) {
        double weight = Math.min(1, seconds / AVERAGED_SECONDS);
        known.cookieRate += ((stack.cookies() - known.cookies) / seconds - known.cookieRate) * weight;
        known.dropRate += ((stack.dropped() - known.dropped) / seconds - known.dropRate) * weight;
        known.repeatRate += ((stack.repeated() - known.repeated) / seconds - known.repeatRate) * weight;
        known.openRate += ((stack.opened() - known.opened) / seconds - known.openRate) * weight;
        known.overflowRate += ((stack.overflows() - known.overflows) / seconds - known.overflowRate) * weight;
    }

    private static Finding judge(Known known, Settings s) {
        // Whoever finishes a handshake is no flood, however many come at once. A connection whose listener's queue is full is finished, and repeated.
        double unfinished = Math.max(0, known.cookieRate - known.openRate) + known.dropRate + Math.max(0, known.repeatRate - known.overflowRate);
        double bound = Math.max(s.perSecond, known.normal * s.timesNormal);
        if (unfinished <= bound) {
            known.normal += (unfinished - known.normal) * LEARNED;
            if (known.flooded && known.at - known.lastFlooded > s.seconds * 1_000_000_000L) {
                known.flooded = false;
                return new Finding(Measure.NOTE, String.format(Locale.ROOT, "the flood of connection requests is over; %.0f a second at most", known.most));
            }
            return null;
        }
        known.lastFlooded = known.at;
        known.most = known.flooded ? Math.max(known.most, unfinished) : unfinished;
        if (known.flooded && known.at - known.told < s.seconds * 1_000_000_000L) {
            return null;
        }
        known.flooded = true;
        known.told = known.at;
        return new Finding(Measure.NOTE, String.format(Locale.ROOT,
                "%.0f connection requests a second that nobody finishes, normal here %.1f: %.0f answered with cookies, %.0f answers repeated, %.0f dropped; "
                + "%.0f connections a second come about%s", unfinished, known.normal, known.cookieRate, known.repeatRate, known.dropRate, known.openRate,
                known.dropRate > known.cookieRate ? "; the stack sends no SYN cookies: set net.ipv4.tcp_syncookies to 1 for it" : ""));
    }
}
