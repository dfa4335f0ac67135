package org.ringfence.itest.bad;

import java.util.Dictionary;
import java.util.Hashtable;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** A policy that passes its trial and fails whenever it matters. */
public final class LatePolicy implements BundleActivator, Policy {
    @Override
    public void start(BundleContext context) {
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put("service.ranking", 500);
        context.registerService(Policy.class, this, properties);
    }

    @Override
    public void stop(BundleContext context) {
    }

    @Override
    public String name() {
        return "late";
    }

    @Override
    public Verdict admit(Connection connection) {
        if (connection.id() == Connection.TRIAL) {
            return Verdict.PASS;
        }
        throw new IllegalStateException("for the test");
    }
}
