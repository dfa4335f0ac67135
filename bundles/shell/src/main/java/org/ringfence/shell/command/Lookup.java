package org.ringfence.shell.command;

import org.apache.felix.hc.api.execution.HealthCheckExecutor;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.Blocks;
import org.ringfence.api.policy.PolicyChain;

/**
 * The services that commands speak for. They come and go, the commands stay: one that needs what is away says so. Any thread.
 */
@Component(service = Lookup.class)
public final class Lookup {
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile Gateway gateway;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile PolicyChain chain;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile Blocks blocks;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile HealthCheckExecutor health;

    /** @throws Failure if it is away */
    public Gateway gateway() {
        return there(gateway, "the gateway");
    }

    public boolean hasGateway() {
        return gateway != null;
    }

    /** @throws Failure if it is away */
    public PolicyChain chain() {
        return there(chain, "the policy chain");
    }

    public boolean hasChain() {
        return chain != null;
    }

    /** @throws Failure if it is away */
    public Blocks blocks() {
        return there(blocks, "the policy 'block'");
    }

    public boolean hasBlocks() {
        return blocks != null;
    }

    /** @throws Failure if it is away */
    public HealthCheckExecutor health() {
        return there(health, "the executor of health checks");
    }

    private static <T> T there(T service, String what) {
        if (service == null) {
            throw new Failure(Failure.FAILED, what + " is not there: 'status' says what it waits for");
        }
        return service;
    }
}
