package org.ringfence.policy;

import java.lang.annotation.Annotation;
import java.lang.reflect.Proxy;
import java.util.Map;

/** Configurations as Declarative Services would give them. */
final class Settings {
    private Settings() {
    }

    static AllowPolicy.Configuration allow(boolean enabled) {
        return new AllowPolicy.Configuration() {
            @Override
            public boolean enabled() {
                return enabled;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return AllowPolicy.Configuration.class;
            }
        };
    }

    static RankedPolicyChain.Configuration chain(String quarantineVerdict) {
        return new RankedPolicyChain.Configuration() {
            @Override
            public String mode() {
                return "enforce";
            }

            @Override
            public long budget_microseconds() {
                return 10_000;
            }

            @Override
            public String quarantine_verdict() {
                return quarantineVerdict;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return RankedPolicyChain.Configuration.class;
            }
        };
    }

    static BlockPolicy.Configuration block(String verdict, String... prefixes) {
        return of(BlockPolicy.Configuration.class, Map.of("prefixes", prefixes, "verdict", verdict));
    }

    /** @param values of the configuration's methods, by name, other than the defaults */
    static <C> C of(Class<C> configuration, Map<String, Object> values) {
        return configuration.cast(Proxy.newProxyInstance(configuration.getClassLoader(), new Class<?>[] {configuration},
                (proxy, method, arguments) -> values.getOrDefault(method.getName(), method.getDefaultValue())));
    }

    static EgressPolicy.Configuration egress(String... forbidden) {
        return new EgressPolicy.Configuration() {
            @Override
            public String[] forbidden() {
                return forbidden;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return EgressPolicy.Configuration.class;
            }
        };
    }
}
