package org.ringfence.policy;

import java.util.HashMap;
import java.util.Map;
import org.ringfence.api.policy.HoldRule;

/** Rules for holding that are only watched, made once: there are few. Event loop's thread only. */
final class ObservedRules {
    private final Map<HoldRule, HoldRule> made = new HashMap<>();

    /** The same rule, not enforced. */
    HoldRule of(HoldRule rule) {
        return made.computeIfAbsent(rule, r -> new HoldRule(r.evidence(), r.headBytes(), r.bodyBytes(), r.silentMilliseconds(),
                r.headMilliseconds(), r.bodyMilliseconds(), r.idleMilliseconds(), r.connections(), r.bytes(), r.probes(), r.absorbBytes(), r.absorbTotal(),
                r.reparks(), false, r.sourceConnections(), r.sourceBytes()));
    }
}
