package org.ringfence.gateway.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.PolicyReport;

/** What becomes of a jar that was deployed beside another version of itself. */
class DeployedTest {
    private final List<String> done = new ArrayList<>();
    private final List<PolicyReport> policies = new ArrayList<>();
    private final Bundle former = bundle(1);
    private final Bundle next = bundle(2);
    private BundleSwapper swapper;

    private static <T> T of(Class<T> type, InvocationHandler does) {
        return type.cast(Proxy.newProxyInstance(DeployedTest.class.getClassLoader(), new Class<?>[] {type}, does));
    }

    private Bundle bundle(long id) {
        return of(Bundle.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "getBundleId" -> id;
            case "getState" -> Bundle.ACTIVE;
            case "getSymbolicName" -> "org.ringfence.policy";
            case "getVersion" -> new Version(1, 0, (int) id);
            case "getLocation" -> BundleSwapper.LOCATION + id;
            case "stop" -> done.add("stop " + id) ? null : null;
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    @BeforeEach
    void begin() {
        BundleContext context = of(BundleContext.class, (proxy, method, arguments) -> null);
        swapper = new BundleSwapper(context, of(Gateway.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "services" -> List.of();
            case "policies" -> List.copyOf(policies);
            default -> throw new UnsupportedOperationException(method.toString());
        }));
    }

    @AfterEach
    void end() {
        swapper.end();
    }

    private void policy(String name, Bundle bundle, String state, String problem) {
        policies.add(new PolicyReport(name, 0, 0, 0, 0, 0, bundle.getBundleId(), state, problem));
    }

    @Test
    void oneThatTakesOverOnlyAPartIsStopped() {
        policy("block", former, "standby", "");
        policy("egress", former, "asked", "");
        policy("block", next, "asked", "");
        policy("egress", next, "rejected", "judging throws IllegalStateException: for the test");
        swapper.deployed(former, next);
        assertEquals(List.of("stop 2"), done);
    }

    @Test
    void oneThatTakesOverAllHasTheOtherStopped() {
        policy("block", former, "standby", "");
        policy("block", next, "asked", "");
        swapper.deployed(former, next);
        assertEquals(List.of("stop 1"), done);
    }
}
