package org.ringfence.policy;

import java.lang.annotation.Annotation;

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

    static BlockPolicy.Configuration block(String verdict, String... prefixes) {
        return new BlockPolicy.Configuration() {
            @Override
            public String[] prefixes() {
                return prefixes;
            }

            @Override
            public String verdict() {
                return verdict;
            }

            @Override
            public Class<? extends Annotation> annotationType() {
                return BlockPolicy.Configuration.class;
            }
        };
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
