package org.ringfence.gateway.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.transport.Transport;
import org.ringfence.gateway.internal.Versions.Origin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway as a component: starts the event loop and the INS, follows translators and policies as they come and go.
 * {@link Reports} answers administrators. The file {@code ready} in the state directory is there while an INS is attached.
 */
@Component(service = GatewayComponent.class, immediate = true, configurationPid = "org.ringfence.gateway")
@Designate(ocd = GatewayComponent.Config.class)
public final class GatewayComponent {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayComponent.class);

    @ObjectClassDefinition(name = "Ringfence gateway", description = "The event loop between applications and INSs")
    public @interface Config {
        @AttributeDefinition(name = "Policy absent: timeout", description = "Milliseconds that calls and connections wait for a missing policy chain or translator before they are refused", min = "0")
        long policy_absent_timeout() default 2000;

        @AttributeDefinition(name = "Policy absent: established connections", description = "What becomes of the bytes of established connections while no policy chain is there: they wait (hold) or pass (allow)",
                options = {@Option(label = "hold", value = "hold"), @Option(label = "allow", value = "allow")})
        String policy_absent_established() default "allow";
    }

    /** Of a process whose event loop is lost: that of -XX:+ExitOnOutOfMemoryError. Whoever started it starts it again. */
    private static final int LOST = 3;

    private final BundleContext context;
    private final Path ready;
    private final ServicesInCharge services;
    private final EventLoop loop;
    private final InsProcess ins;

    @Activate
    public GatewayComponent(BundleContext context, Config config) throws IOException {
        this.context = context;
        Path state = Path.of(required(context, "ringfence.state"));
        ready = state.resolve("ready");
        Files.deleteIfExists(ready);
        services = new ServicesInCharge(state);
        loop = new EventLoop(state, services, settings(config), this::insChanged, () -> Runtime.getRuntime().halt(LOST));
        services.serve(loop);
        loop.start();
        String command = context.getProperty("ringfence.ins.command");
        ins = command == null || command.isBlank() ? null : new InsProcess(command, state.resolve("ins.sock"));
    }

    @Modified
    void modified(Config config) {
        loop.configure(settings(config));
    }

    private static Settings settings(Config config) {
        return switch (config.policy_absent_established()) {
            case "hold" -> Settings.of(config.policy_absent_timeout(), true);
            case "allow" -> Settings.of(config.policy_absent_timeout(), false);
            default -> {
                LOG.error("policy.absent.established = '{}' is unknown: write hold or allow; until then it is hold", config.policy_absent_established());
                yield Settings.of(config.policy_absent_timeout(), true);
            }
        };
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
        if (ins != null) {
            ins.lastTime();
        }
        loop.close();
        if (ins != null) {
            ins.close();
        }
    }

    EventLoop loop() {
        return loop;
    }

    ServicesInCharge services() {
        return services;
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
    void bindTransport(Transport transport, Map<String, Object> properties) {
        services.add(transport, origin(properties));
        if (ins != null) {
            ins.start();
        }
    }

    void unbindTransport(Transport transport) {
        services.remove(transport);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void bindTranslator(CallTranslator translator, Map<String, Object> properties) {
        services.add(translator, abi(properties), origin(properties));
    }

    void unbindTranslator(CallTranslator translator, Map<String, Object> properties) {
        services.remove(translator, abi(properties));
    }

    private static String abi(Map<String, Object> properties) {
        return String.valueOf(properties.get(CallTranslator.ABI));
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void bindPolicies(PolicyChain chain, Map<String, Object> properties) {
        services.add(chain, origin(properties));
    }

    void unbindPolicies(PolicyChain chain) {
        services.remove(chain);
    }

    private Origin origin(Map<String, Object> properties) {
        long id = properties.get(Constants.SERVICE_BUNDLEID) instanceof Long number ? number : -1;
        Bundle bundle = context.getBundle(id);
        return bundle == null ? new Origin(id, "?", "?") : new Origin(id, bundle.getSymbolicName(), bundle.getVersion().toString());
    }
}
