package org.ringfence.gateway.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.gateway.ApplicationReport;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.gateway.InsReport;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.transport.Transport;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway as a component: starts the event loop and the INS, follows translators and policies as they come and go, and answers
 * administrators. The file {@code ready} in the state directory is there while an INS is attached.
 */
@Component(service = Gateway.class, immediate = true, configurationPid = "org.ringfence.gateway")
@Designate(ocd = GatewayComponent.Config.class)
public final class GatewayComponent implements Gateway, Services {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayComponent.class);
    private static final long ANSWER_SECONDS = 5;

    @ObjectClassDefinition(name = "Ringfence gateway", description = "The event loop between applications and INSs")
    public @interface Config {
        @AttributeDefinition(name = "Fail closed", description = "Milliseconds that calls and connections wait for a missing policy chain or translator before they are refused", min = "0")
        long fail_closed_milliseconds() default 5000;
    }

    private final Map<String, CallTranslator> translators = new ConcurrentHashMap<>();
    private volatile PolicyChain policies;
    private final Path ready;
    private final EventLoop loop;
    private final InsProcess ins;

    @Activate
    public GatewayComponent(BundleContext context, @Reference Transport transport, Config config) throws IOException {
        Path state = Path.of(required(context, "ringfence.state"));
        ready = state.resolve("ready");
        Files.deleteIfExists(ready);
        loop = new EventLoop(transport, state, this, config.fail_closed_milliseconds(), this::insChanged);
        loop.start();
        String command = context.getProperty("ringfence.ins.command");
        ins = command == null || command.isBlank() ? null : new InsProcess(command, state.resolve("ins.sock"));
    }

    private static String required(BundleContext context, String property) {
        String value = context.getProperty(property);
        if (value == null || value.isBlank()) {
            throw new IllegalStateException("framework property " + property + " is not set: start the gateway with 'ringfence up'");
        }
        return value;
    }

    @Deactivate
    void deactivate() throws IOException {
        Files.deleteIfExists(ready);
        loop.close();
        if (ins != null) {
            ins.close();
        }
    }

    private void insChanged() {
        try {
            if (loop.inss().isEmpty()) {
                Files.deleteIfExists(ready);
            } else if (!Files.exists(ready)) {
                Files.createFile(ready);
            }
        } catch (IOException e) {
            LOG.error("{}: {}", ready, e.getMessage());
        }
    }

    // ---- services that come and go ----

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void bindTranslator(CallTranslator translator, Map<String, Object> properties) {
        translators.put(String.valueOf(properties.get(CallTranslator.ABI)), translator);
    }

    void unbindTranslator(CallTranslator translator, Map<String, Object> properties) {
        // Only if it is still the one in use: its successor may have been bound before.
        translators.remove(String.valueOf(properties.get(CallTranslator.ABI)), translator);
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void bindPolicies(PolicyChain chain) {
        policies = chain;
    }

    void unbindPolicies(PolicyChain chain) {
        if (policies == chain) {
            policies = null;
        }
    }

    @Override
    public CallTranslator translator(String abi) {
        return translators.get(abi);
    }

    @Override
    public PolicyChain policies() {
        return policies;
    }

    // ---- answers to administrators ----

    private <T> T ask(Supplier<T> question) {
        try {
            return loop.ask(question).get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException("the event loop has not answered within " + ANSWER_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public List<ApplicationReport> applications() {
        return ask(() -> loop.applications().stream().map(application -> {
            int listeners = 0;
            int connections = 0;
            for (RelayedSocket socket : application.sockets) {
                listeners += socket != null && socket.phase == Phase.LISTENING ? 1 : 0;
                connections += socket != null && socket.phase == Phase.CONNECTED ? 1 : 0;
            }
            return new ApplicationReport(application.region.id(), application.region.name(), application.region.pid(),
                    application.region.openSlots(), listeners, connections);
        }).toList());
    }

    @Override
    public List<InsReport> inss() {
        return ask(() -> loop.inss().stream().map(link -> {
            int connections = 0;
            for (RelayedSocket socket : link.sockets) {
                connections += socket != null && socket.phase == Phase.CONNECTED ? 1 : 0;
            }
            return new InsReport(link.region.id(), link.region.pid(), link.region.abi(), link.region.openSlots(), connections);
        }).toList());
    }

    @Override
    public List<ConnectionReport> connections() {
        return ask(() -> loop.ledger().report());
    }

    @Override
    public List<CallReport> trace(int limit) {
        return ask(() -> loop.trace().report(limit));
    }

    @Override
    public long calls() {
        return ask(() -> loop.trace().calls());
    }
}
