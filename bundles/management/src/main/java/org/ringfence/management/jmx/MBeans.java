package org.ringfence.management.jmx;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.PolicyChain;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an MBean for the gateway and for each region, INS and policy in the platform's MBean server. Who is there is looked up every two
 * seconds, on a thread of its own; attributes are read when they are asked for.
 */
@Component(service = MBeans.class, immediate = true)
public final class MBeans {
    private static final Logger LOG = LoggerFactory.getLogger(MBeans.class);
    private static final String DOMAIN = "org.ringfence";
    private static final long LOOK_MILLISECONDS = 2000;

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    private final Beans.Sources sources;
    private final Set<ObjectName> registered = new HashSet<>();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread looking = new Thread(task, "ringfence-mbeans");
        looking.setDaemon(true);
        return looking;
    });

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    private volatile PolicyChain chain;

    @Activate
    public MBeans(@Reference Gateway gateway) {
        sources = new Beans.Sources(new Snapshot<>(gateway::rings), new Snapshot<>(gateway::inss), new Snapshot<>(() -> {
            PolicyChain present = chain;
            return present == null ? List.of() : present.report();
        }), new Snapshot<>(gateway::connections), new Snapshot<>(gateway::latencies), new Snapshot<>(() -> List.of(gateway.calls())));
    }

    @Activate
    void start() {
        thread.scheduleWithFixedDelay(this::look, 0, LOOK_MILLISECONDS, TimeUnit.MILLISECONDS);
    }

    @Deactivate
    void stop() throws InterruptedException {
        thread.shutdownNow();
        thread.awaitTermination(5, TimeUnit.SECONDS);
        Set.copyOf(registered).forEach(this::unregister);
    }

    private void look() {
        try {
            Map<ObjectName, Object> wanted = new HashMap<>();
            wanted.put(name("Gateway", "", ""), new Beans.GatewayBean(sources));
            sources.rings().rows().forEach(r -> wanted.put(name("Ring", ",region=", r.region()), new Beans.RingBean(sources.rings(), r.region())));
            sources.inss().rows().forEach(i -> wanted.put(name("Ins", ",region=", i.region()), new Beans.InsBean(sources.inss(), i.region())));
            sources.policies().rows().forEach(p -> wanted.put(name("Policy", ",name=", ObjectName.quote(p.name())),
                    new Beans.PolicyBean(sources.policies(), p.name())));
            Set.copyOf(registered).stream().filter(name -> !wanted.containsKey(name)).forEach(this::unregister);
            wanted.forEach(this::register);
        } catch (RuntimeException e) {
            LOG.debug("MBeans: {}", e.toString()); // the gateway is busy or going: the next look sees
        }
    }

    private static ObjectName name(String type, String key, Object value) {
        try {
            return new ObjectName(DOMAIN + ":type=" + type + key + value);
        } catch (JMException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private void register(ObjectName name, Object bean) {
        try {
            if (registered.add(name)) {
                server.registerMBean(bean, name);
            }
        } catch (JMException e) {
            LOG.warn("MBean {}: {}", name, e.toString());
        }
    }

    private void unregister(ObjectName name) {
        try {
            registered.remove(name);
            server.unregisterMBean(name);
        } catch (JMException e) {
            LOG.debug("MBean {}: {}", name, e.toString());
        }
    }
}
