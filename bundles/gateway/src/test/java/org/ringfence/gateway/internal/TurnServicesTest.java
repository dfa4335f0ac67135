package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;

class TurnServicesTest {

    /** Services that a test takes away and gives back. */
    private static final class Present implements Services {
        CallTranslator translator = some(CallTranslator.class);
        PolicyChain policies = some(PolicyChain.class);

        @Override
        public CallTranslator translator(String abi) {
            return translator;
        }

        @Override
        public PolicyChain policies() {
            return policies;
        }
    }

    /** An object that is only compared. */
    private static <T> T some(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            throw new UnsupportedOperationException(method.getName());
        }));
    }

    private final Present present = new Present();
    private final TurnServices services = new TurnServices(present);

    @Test
    void whatGoesInTheMiddleOfATurnIsUsedUntilItsEnd() {
        CallTranslator translator = present.translator;
        PolicyChain policies = present.policies;
        services.begin();
        services.translator("linux");
        present.translator = null;
        present.policies = null;
        assertSame(translator, services.translator("linux"));
        assertSame(policies, services.policies());
    }

    @Test
    void theNextTurnSeesWhatIsThereThen() {
        services.begin();
        services.translator("linux");
        present.translator = null;
        present.policies = null;
        services.begin();
        assertNull(services.translator("linux"));
        assertNull(services.policies());
        present.translator = some(CallTranslator.class);
        present.policies = some(PolicyChain.class);
        services.begin();
        assertSame(present.translator, services.translator("linux"));
        assertSame(present.policies, services.policies());
    }
}
