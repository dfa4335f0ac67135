package org.ringfence.shell.command;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.ringfence.api.policy.Policy;
import org.ringfence.shell.configuration.Settings;
import org.ringfence.shell.text.Facts;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:policy}: one policy, its configuration, and how to change it while it works. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "policy"})
public final class PolicyCommand extends Command {
    private static final long PATIENCE_MILLISECONDS = 3000;

    private final Lookup lookup;
    private final BundleContext context;
    private final ServiceComponentRuntime components;
    private final Settings settings;

    @Activate
    public PolicyCommand(BundleContext context, @Reference Lookup lookup, @Reference ServiceComponentRuntime components, @Reference Settings settings) {
        super(new Usage("policy", "a policy with its configuration; with 'set' changes a key until the gateway ends")
                .operand("NAME", "as 'policies' shows it", () -> names(context)).optional("set", "the word 'set', to change a key", () -> List.of("set"))
                .optional("KEY", "a key of its configuration, as 'policy NAME' shows it", () -> List.of())
                .optional("VALUE", "in quotes if it has spaces", () -> List.of())
                .flag("--json", "for scripts").example("policy block set prefixes \"198.51.100.0/24, 2001:db8::/32\""));
        this.lookup = lookup;
        this.context = context;
        this.components = components;
        this.settings = settings;
    }

    private static List<ServiceReference<Policy>> references(BundleContext context) {
        try {
            return context.getServiceReferences(Policy.class, null).stream().sorted(Comparator.reverseOrder()).toList();
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Policy policy(BundleContext context, ServiceReference<Policy> reference) {
        // nothing is kept: the shell must not be why a replaced policy stays in memory
        Policy policy = context.getService(reference);
        context.ungetService(reference);
        return policy;
    }

    private static List<String> names(BundleContext context) {
        return references(context).stream().map(r -> policy(context, r)).filter(p -> p != null).map(Policy::name).toList();
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        String name = arguments.get("NAME");
        ServiceReference<Policy> reference = references(context).stream().filter(r -> {
            Policy policy = policy(context, r);
            return policy != null && name.equals(policy.name());
        }).findFirst().orElseThrow(() -> new Failure(Failure.FAILED, "policy: '" + name + "' is not in the chain: write one of "
                + String.join(", ", names(context))));
        String pid = pid(reference);
        if (!arguments.has("set")) {
            return describe(name, reference, pid);
        }
        if (!arguments.get("set").equals("set") || !arguments.has("VALUE")) {
            throw arguments.wrong("'" + arguments.get("set") + "' is not understood here: write policy NAME, or policy NAME set KEY VALUE");
        }
        return set(name, reference, pid, arguments.get("KEY"), arguments.get("VALUE"));
    }

    /** The PID a policy is configured with; null if it is no component, or takes none. */
    private String pid(ServiceReference<Policy> reference) {
        if (!(reference.getProperty("component.name") instanceof String component)) {
            return null;
        }
        ComponentDescriptionDTO description = components.getComponentDescriptionDTO(reference.getBundle(), component);
        return description == null || description.configurationPid.length == 0 ? null : description.configurationPid[0];
    }

    private Object describe(String name, ServiceReference<Policy> reference, String pid) {
        Facts facts = new Facts().add("policy", name)
                .add("bundle", reference.getBundle().getSymbolicName() + " " + reference.getBundle().getVersion())
                .add("ranking", reference.getProperty(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0);
        if (lookup.hasChain()) {
            lookup.chain().report().stream().filter(p -> p.name().equals(name)).findFirst().ifPresent(p -> facts.add("asked", p.asked())
                    .add("allowed", p.allowed()).add("refused", p.refused())
                    .add("mean", p.asked() == 0 ? 0 : p.nanoseconds() / p.asked(), Units.nanoseconds(p.asked() == 0 ? 0 : p.nanoseconds() / p.asked())));
        }
        facts.add("PID", pid == null ? "none: it is not configured" : pid);
        Rows keys = new Rows("nothing is described").text("key", "value", "default", "meaning");
        if (pid != null) {
            settings.settings(pid).forEach(s -> keys.row(s.key(), s.text(), s.fallback(), s.definition().getDescription()));
        }
        facts.add("configuration", keys);
        Policy policy = policy(context, reference);
        Rows problems = new Rows("none").text("problem");
        if (policy != null) {
            policy.problems().forEach(problems::row);
        }
        return problems.isEmpty() ? facts : facts.add("problems", problems);
    }

    private String set(String name, ServiceReference<Policy> reference, String pid, String key, String value) {
        if (pid == null || settings.definition(reference.getBundle(), pid) == null) {
            throw new Failure(Failure.FAILED, "policy: '" + name + "' has no described configuration: there is nothing to set");
        }
        Map<String, Object> before;
        try {
            before = settings.set(pid, key, value);
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.FAILED, "policy " + name + ": " + e.getMessage() + "; the old value stays");
        }
        if (!taken(reference, key, value)) {
            return key + " of " + pid + " is '" + value + "', which the policy has not taken notice of within " + PATIENCE_MILLISECONDS / 1000 + " s";
        }
        Policy policy = policy(context, reference);
        List<String> problems = policy == null ? List.of() : policy.problems();
        if (!problems.isEmpty()) {
            settings.restore(pid, before);
            throw new Failure(Failure.FAILED, "policy " + name + ": " + key + ": " + problems.get(0) + "; the old value stays");
        }
        return key + " of " + pid + " is '" + value + "' until the gateway ends; to keep it, write it to conf/" + pid + ".cfg";
    }

    /** Waits until the component has its new properties. */
    private static boolean taken(ServiceReference<Policy> reference, String key, String value) {
        long end = System.nanoTime() + PATIENCE_MILLISECONDS * 1_000_000;
        while (System.nanoTime() - end < 0) {
            Object now = reference.getProperty(key);
            if (value.equals(now instanceof Object[] array ? String.join(", ", Arrays.stream(array).map(String::valueOf).toList()) : String.valueOf(now))) {
                return true;
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }
}
