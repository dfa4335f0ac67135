package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told of decisions. A service. Called on a thread of the policy bundle, one event at a time, in order. */
@ConsumerType
public interface PolicyEventListener {
    void decided(PolicyEvent event);
}
