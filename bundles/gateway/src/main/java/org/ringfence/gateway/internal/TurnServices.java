package org.ringfence.gateway.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;

/**
 * The services as they were when the turn of the event loop began: one that goes in the middle of a turn is used until its end, so that
 * what the turn has begun to take is also judged and translated. Event loop's thread only.
 */
final class TurnServices implements Services {
    private final Services present;
    private final Map<String, CallTranslator> translators = new HashMap<>();
    private final BiFunction<String, CallTranslator, CallTranslator> refresh;
    private PolicyChain policies;

    TurnServices(Services present) {
        this.present = present;
        refresh = (abi, before) -> present.translator(abi);
    }

    void begin() {
        policies = present.policies();
        translators.replaceAll(refresh);
    }

    @Override
    public CallTranslator translator(String abi) {
        CallTranslator translator = translators.get(abi);
        if (translator == null && !translators.containsKey(abi)) {
            translator = present.translator(abi);
            translators.put(abi, translator);
        }
        return translator;
    }

    @Override
    public PolicyChain policies() {
        return policies;
    }
}
