package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.inject.Inject;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationPlugin;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.Policy;

/** Commands, configuration, health and MBeans, in the container. */
@ExtendWith(PaxExam.class)
public class OperationsIT {
    private static final List<String> COMMANDS = List.of("status", "apps", "ins", "bundles", "connections", "connection", "trace", "top",
            "policies", "policy", "block", "unblock", "blocked", "reset", "hold", "release", "ring", "latency", "health", "help", "grep");

    @Inject
    private BundleContext context;

    @Inject
    private CommandProcessor processor;

    @Inject
    private Gateway gateway;

    @Configuration
    public Option[] runtime() throws IOException {
        return RuntimeOptions.shipped();
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.call()) {
            assertTrue(System.nanoTime() < end, "not within 30 s: " + what);
            Thread.sleep(20);
        }
    }

    /** What a command writes and returns, as a session shows it. */
    private String run(String line) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
                CommandSession session = processor.createSession(new ByteArrayInputStream(new byte[0]), print, print)) {
            session.put("SCOPE", "ringfence:felix:*");
            Object result = session.execute(line);
            if (result != null) {
                print.println(session.format(result, Converter.INSPECT));
            }
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    private String fails(String line) {
        return assertThrows(Exception.class, () -> run(line), line).getMessage();
    }

    private void awaitIns() throws Exception {
        await("an INS is attached", () -> !gateway.inss().isEmpty());
    }

    @Test
    public void everyCommandIsThereAndSaysHowItIsCalled() throws Exception {
        for (String command : COMMANDS) {
            await(command + " is there", () -> context.getAllServiceReferences(null,
                    "(&(osgi.command.scope=ringfence)(osgi.command.function=" + command + "))") != null);
            assertTrue(run(command + " --help").startsWith("usage: " + command), command);
        }
    }

    @Test
    public void everyCommandThatShowsSomethingShowsIt() throws Exception {
        awaitIns();
        assertTrue(run("status").contains("gateway  ready"), run("status"));
        assertTrue(run("apps").startsWith("none attached"));
        assertTrue(run("ins").contains("linux"));
        assertTrue(run("bundles").contains("org.ringfence.gateway"));
        assertTrue(run("connections").startsWith("none yet"));
        assertTrue(run("trace --last 5").startsWith("no call yet"));
        assertTrue(run("top --count 1").contains("open connections  0"));
        assertTrue(run("policies").contains("block"));
        assertTrue(run("policy block").contains("org.ringfence.policy.block"));
        assertTrue(run("ring").contains("ins"));
        assertTrue(run("latency").contains("turn"));
        assertTrue(run("help").contains("connections"));
        assertTrue(run("connections --json").startsWith("[]"));
    }

    @Test
    public void blocksComeAndGoByCommand() throws Exception {
        await("the policy is there", () -> run("blocked").startsWith("nothing"));
        assertEquals("203.0.113.0/24 is blocked for 10m00s", run("block 203.0.113.0/24 --for 10m").strip());
        assertTrue(run("blocked").contains("203.0.113.0/24"));
        assertEquals("203.0.113.0/24 is no longer blocked", run("unblock 203.0.113.0/24").strip());
        assertTrue(run("blocked").startsWith("nothing"));
    }

    @Test
    public void wrongCallsNameThingValueAndRemedy() throws Exception {
        awaitIns();
        assertEquals("reset: ID 'x' is no number from 1 on: write one, like ID 1", fails("reset x"));
        assertEquals("hold: connection 4711 is not open: 'connections' lists those that are", fails("hold 4711"));
        assertEquals("release: connection 4711 is not open: 'connections' lists those that are", fails("release 4711"));
        assertTrue(fails("connection 4711").startsWith("connection: connection 4711 is not known"));
        assertTrue(fails("block 10.0.0.1/8").contains("write 10.0.0.0/8 for the prefix"));
        assertTrue(fails("unblock 10.0.0.1").contains("10.0.0.1 is not blocked"));
        assertTrue(fails("connections --sort speed").contains("write one of id, bytes, age, rate"));
        assertTrue(fails("trace --call open").contains("--call 'open' is unknown"));
        assertTrue(fails("policy nobody").contains("'nobody' is not in the chain"));
        assertTrue(fails("policy block set verdict DROP").contains("write one of RESET, REFUSE; the old value stays"));
        assertTrue(fails("policy requests set hard throttl").contains("hard 'throttl' is unknown: write one of none, note, shrink, throttle, refuse, reset, block; the old value stays"));
        assertTrue(fails("policy block set speed 1").contains("key 'speed' is unknown"));
    }

    private Object property(String policy, String key) throws Exception {
        for (ServiceReference<Policy> reference : context.getServiceReferences(Policy.class, null)) {
            Policy service = context.getService(reference);
            if (service != null && service.name().equals(policy)) {
                return reference.getProperty(key);
            }
        }
        return null;
    }

    /** Through the service's class by name: the test's bundle is wired to no configuration admin of its own. */
    private void configure(String pid, Dictionary<String, Object> values) throws Exception {
        ServiceReference<?> reference = context.getServiceReference("org.osgi.service.cm.ConfigurationAdmin");
        Object admin = context.getService(reference);
        Object configuration = admin.getClass().getMethod("getConfiguration", String.class, String.class).invoke(admin, pid, "?");
        configuration.getClass().getMethod("update", Dictionary.class).invoke(configuration, values);
    }

    @Test
    public void aWrongValueIsRefusedAndTheOldOneStays() throws Exception {
        await("the policy is there", () -> property("block", "verdict") != null);
        configure("org.ringfence.policy.block", new Hashtable<>(java.util.Map.of("verdict", "REFUSE", "prefixes", "192.0.2.1")));
        await("the configuration is taken", () -> "REFUSE".equals(property("block", "verdict")));
        configure("org.ringfence.policy.block", new Hashtable<>(java.util.Map.of("verdict", "DROP", "prefixes", "192.0.2.2")));
        await("the other key is taken", () -> "192.0.2.2".equals(property("block", "prefixes")));
        assertEquals("REFUSE", property("block", "verdict"));
        configure("org.ringfence.policy.block", new Hashtable<>());
        await("the defaults are back", () -> "RESET".equals(property("block", "verdict")));
    }

    @Test
    public void healthIsGoodAndNamesAMissingPolicyChain() throws Exception {
        awaitIns();
        await("all checks are there", () -> run("health --json").split("\"check\"").length == 6);
        Bundle policy = Arrays.stream(context.getBundles()).filter(b -> b.getSymbolicName().equals("org.ringfence.policy")).findFirst().orElseThrow();
        policy.stop();
        try {
            assertEquals("health: policies is not well", fails("health"));
        } finally {
            policy.start();
        }
        await("health is good again", () -> {
            try {
                run("health");
                return true;
            } catch (Exception e) {
                return false;
            }
        });
    }

    @Test
    public void gatewayRingsInssAndPoliciesHaveMbeans() throws Exception {
        awaitIns();
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        await("the MBeans are there", () -> server.queryNames(new ObjectName("org.ringfence:type=Ins,*"), null).size() == 1);
        assertEquals(true, server.getAttribute(new ObjectName("org.ringfence:type=Gateway"), "Ready"));
        ObjectName ring = server.queryNames(new ObjectName("org.ringfence:type=Ring,*"), null).iterator().next();
        assertEquals("ins", server.getAttribute(ring, "Peer"));
        assertTrue((long) server.getAttribute(ring, "PoolBytes") > 0);
        ObjectName ins = server.queryNames(new ObjectName("org.ringfence:type=Ins,*"), null).iterator().next();
        assertEquals("linux", server.getAttribute(ins, "Abi"));
        assertEquals(1000, server.getAttribute(new ObjectName("org.ringfence:type=Policy,name=\"block\""), "Ranking"));
    }

    @Test
    public void bundlesDependOnTheApiOnly() {
        Set<String> api = new TreeSet<>();
        for (Bundle bundle : context.getBundles()) {
            String exported = bundle.getHeaders().get(Constants.EXPORT_PACKAGE);
            if (exported != null && bundle.getSymbolicName().startsWith("org.ringfence.")) {
                assertEquals("org.ringfence.api", bundle.getSymbolicName());
                api.addAll(packages(exported));
            }
        }
        assertFalse(api.isEmpty());
        for (Bundle bundle : context.getBundles()) {
            String imported = bundle.getHeaders().get(Constants.IMPORT_PACKAGE);
            if (imported != null && bundle.getSymbolicName().startsWith("org.ringfence.")) {
                List<String> others = new ArrayList<>(packages(imported));
                others.removeIf(name -> !name.startsWith("org.ringfence.") || api.contains(name));
                assertEquals(List.of(), others, bundle.getSymbolicName());
                assertEquals(null, bundle.getHeaders().get(Constants.REQUIRE_BUNDLE), bundle.getSymbolicName());
            }
        }
    }

    /** Package names of a header, without attributes and directives: those hold no package name outside quotes. */
    private static List<String> packages(String header) {
        return Arrays.stream(header.replaceAll("\"[^\"]*\"", "").split(",")).map(clause -> clause.split(";")[0].strip()).toList();
    }

    /** What a component has of its configuration, as the platform tells it; null if it has nothing. */
    private Object inForce(String pid, String key) {
        ServiceComponentRuntime components = context.getService(context.getServiceReference(ServiceComponentRuntime.class));
        return components.getComponentDescriptionDTOs().stream().filter(component -> Arrays.asList(component.configurationPid).contains(pid))
                .flatMap(component -> components.getComponentConfigurationDTOs(component).stream())
                .map(component -> component.properties.get(key)).filter(Objects::nonNull).findFirst().orElse(null);
    }

    @Test
    public void aChangeThatComesWhileTheOneBeforeIsReadIsInForce() throws Exception {
        String pid = "org.ringfence.policy.block";
        ConfigurationAdmin configurations = context.getService(context.getServiceReference(ConfigurationAdmin.class));
        AtomicBoolean changed = new AtomicBoolean();
        ConfigurationPlugin second = (reference, properties) -> {
            if (reference != null && pid.equals(properties.get(Constants.SERVICE_PID)) && !changed.getAndSet(true)) {
                try {
                    configurations.getConfiguration(pid, "?").update(new Hashtable<>(Map.of("verdict", "RESET")));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        ServiceRegistration<ConfigurationPlugin> plugin = context.registerService(ConfigurationPlugin.class, second,
                new Hashtable<>(Map.of(ConfigurationPlugin.CM_RANKING, 500)));
        try {
            configurations.getConfiguration(pid, "?").update(new Hashtable<>(Map.of("verdict", "REFUSE")));
            await("the second change is in force", () -> changed.get() && "RESET".equals(inForce(pid, "verdict")));
        } finally {
            plugin.unregister();
            configurations.getConfiguration(pid, "?").delete();
        }
    }
}
