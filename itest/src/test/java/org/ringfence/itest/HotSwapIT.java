package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.service.cm.ConfigurationAdmin;
import org.ringfence.api.gateway.BundleSwap;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.itest.bad.BadComponent;
import org.ringfence.itest.bad.BadService;
import org.ringfence.itest.bad.LatePolicy;

/** Bundles of the data path are exchanged while a program behind the gateway serves a connection. */
@ExtendWith(PaxExam.class)
public class HotSwapIT {
    private static final long PATIENCE_SECONDS = 30;

    @Inject
    private BundleContext context;

    @Inject
    private BundleSwap swap;

    @Inject
    private Gateway gateway;

    @Inject
    private CommandProcessor shell;

    @Inject
    private ConfigurationAdmin configurations;

    @Configuration
    public Option[] runtime() throws IOException {
        Path deploy = Files.createTempDirectory("ringfence-it").resolve("deploy");
        List<Option> options = new ArrayList<>(List.of(RuntimeOptions.shipped()));
        options.add(frameworkProperty("test.deploy").value(Files.createDirectory(deploy).toString()));
        options.add(frameworkProperty("felix.fileinstall.dir").value(deploy.toString()));
        options.add(frameworkProperty("felix.fileinstall.poll").value("200"));
        return options.toArray(Option[]::new);
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within " + PATIENCE_SECONDS + " s: " + what);
            Thread.onSpinWait();
            java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
        }
    }

    private Path state() {
        return Path.of(context.getProperty("ringfence.state"));
    }

    private EchoServer server() throws IOException {
        await("an INS is there", () -> !gateway.inss().isEmpty() && !gateway.policies().isEmpty());
        return new EchoServer(state());
    }

    private Path scratch(String name) {
        return state().resolve(name + "-" + System.nanoTime() + ".jar");
    }

    /** The bundle of a name that runs, the latest. */
    private Bundle running(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals("org.ringfence." + name) && bundle.getState() == Bundle.ACTIVE)
                .max(Comparator.comparing(Bundle::getBundleId)).orElseThrow();
    }

    private boolean isInCharge(String role, Bundle bundle) {
        return gateway.services().stream().anyMatch(service -> service.role().equals(role) && service.bundle() == bundle.getBundleId()
                && service.state().equals("in charge"));
    }

    private static String role(String name) {
        return switch (name) {
            case "ring" -> "transport";
            case "translator" -> "translator linux";
            default -> "policies";
        };
    }

    private String swap(String name, Path jar) throws BundleSwap.Failed {
        return swap.swap(running(name).getBundleId(), jar, step -> { });
    }

    private String execute(String command) throws Exception {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        CommandSession session = shell.createSession(InputStream.nullInputStream(), output, output);
        Object result = session.execute(command);
        session.close();
        return output + String.valueOf(result);
    }

    // ---- the ways to swap ----

    @Test
    public void aSwapOfEachBundleLeavesConnectionsAndListenersAlone() throws Exception {
        try (EchoServer server = server(); Socket before = server.connect()) {
            EchoServer.roundTrip(before);
            for (String name : List.of("ring", "translator", "policy", "ring")) {
                Bundle former = running(name);
                String result = swap(name, Jars.version(name, "2.0.0", scratch(name)));
                assertTrue(result.contains(" -> org.ringfence." + name + " 2.0.0 "), result);
                assertFalse(former.getState() == Bundle.ACTIVE, former.getSymbolicName() + " is retired");
                assertTrue(isInCharge(role(name), running(name)), name);
                EchoServer.roundTrip(before);
                try (Socket after = server.connect()) {
                    EchoServer.roundTrip(after);
                }
            }
        }
    }

    @Test
    public void thePlainUpdateOfEachBundleLeavesConnectionsAndListenersAlone() throws Exception {
        try (EchoServer server = server(); Socket before = server.connect()) {
            EchoServer.roundTrip(before);
            for (String name : List.of("ring", "translator", "policy")) {
                Bundle bundle = running(name);
                try (InputStream jar = Files.newInputStream(Jars.version(name, "3.0.0", scratch(name)))) {
                    bundle.update(jar);
                }
                await(name + " is in charge", () -> isInCharge(role(name), bundle));
                EchoServer.roundTrip(before);
                try (Socket after = server.connect()) {
                    EchoServer.roundTrip(after);
                }
            }
        }
    }

    @Test
    public void aJarThatIsDeployedTakesOverAndWhenItIsTakenAwayTheInstallationsIsBack() throws Exception {
        Path deploy = Path.of(context.getProperty("test.deploy"));
        for (String name : List.of("ring", "translator", "policy")) {
            while (!running(name).getLocation().contains("/bundle/")) { // another test may have swapped it
                running(name).uninstall(); // those that are retired are no bundles of the installation
                await("the shipped one is back", () -> Arrays.stream(context.getBundles()).anyMatch(bundle -> bundle.getState() == Bundle.ACTIVE
                        && bundle.getSymbolicName().equals("org.ringfence." + name)));
            }
        }
        try (EchoServer server = server(); Socket before = server.connect()) {
            for (String name : List.of("ring", "translator", "policy")) {
                Bundle shipped = running(name);
                Path first = deploy.resolve(name + "-4.jar");
                Files.move(Jars.version(name, "4.0.0", scratch(name)), first);
                await(name + " 4 took over", () -> shipped.getState() == Bundle.RESOLVED && running(name) != shipped && isInCharge(role(name), running(name)));
                EchoServer.roundTrip(before);
                Path second = deploy.resolve(name + "-5.jar");
                Files.move(Jars.version(name, "5.0.0", scratch(name)), second);
                await(name + " 5 took over", () -> running(name).getVersion().getMajor() == 5 && isInCharge(role(name), running(name))
                        && Files.exists(deploy.resolve(name + "-4.jar.replaced")) && !Files.exists(first));
                EchoServer.roundTrip(before);
                Files.delete(second);
                await(name + " of the installation is back", () -> shipped.getState() == Bundle.ACTIVE && isInCharge(role(name), shipped));
                EchoServer.roundTrip(before);
            }
        }
    }

    // ---- what is handed over ----

    @Test
    public void blocksAndCountsAndPlacesPassToTheNextVersion() throws Exception {
        execute("ringfence:block --for 10m 192.0.2.7");
        List<String> chain = gateway.policies().stream().filter(policy -> policy.state().equals("asked")).map(PolicyReport::name).toList();
        long asked = gateway.policies().stream().mapToLong(PolicyReport::asked).max().orElseThrow();
        swap("policy", Jars.version("policy", "6.0.0", scratch("policy")));
        assertTrue(execute("ringfence:blocked").contains("192.0.2.7"));
        assertEquals(chain, gateway.policies().stream().filter(policy -> policy.state().equals("asked")).map(PolicyReport::name).toList());
        assertTrue(gateway.policies().stream().mapToLong(PolicyReport::asked).max().orElseThrow() >= asked);
        running("policy").update(Files.newInputStream(Jars.version("policy", "7.0.0", scratch("policy"))));
        await("the chain is back", () -> isInCharge("policies", running("policy")));
        assertTrue(execute("ringfence:blocked").contains("192.0.2.7"));
        execute("ringfence:unblock 192.0.2.7");
    }

    @Test
    public void theClassLoadersOfOldVersionsAreCollected() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        try (EchoServer server = server(); Socket socket = server.connect()) {
            for (int i = 0; i < 4; i++) {
                for (String name : List.of("ring", "translator", "policy")) {
                    swap(name, Jars.shipped(name));
                    loaders.add(new WeakReference<>(running(name).adapt(BundleWiring.class).getClassLoader()));
                    EchoServer.roundTrip(socket);
                }
            }
            // the last three are in use, and those before them are retired and not yet replaced
            await("the class loaders of the first six are gone", () -> {
                System.gc();
                return loaders.subList(0, 6).stream().allMatch(loader -> loader.get() == null);
            });
        }
    }

    // ---- bad jars ----

    /** A swap fails for a reason, in one line, and the present version goes on. */
    private void fails(String name, Path jar, String why) throws Exception {
        try (EchoServer server = server(); Socket socket = server.connect()) {
            EchoServer.roundTrip(socket);
            await(name + " is in charge after what was there before", () -> isInCharge(role(name), running(name)));
            Bundle present = running(name);
            BundleSwap.Failed failed = assertThrows(BundleSwap.Failed.class, () -> swap(name, jar));
            assertTrue(failed.getMessage().contains(why), failed.getMessage());
            assertTrue(failed.getMessage().endsWith("stays in charge"), failed.getMessage());
            assertFalse(failed.getMessage().contains("\n"), failed.getMessage());
            assertEquals(present, running(name));
            assertTrue(isInCharge(role(name), present), () -> present + ": " + gateway.services());
            EchoServer.roundTrip(socket);
            try (Socket after = server.connect()) {
                EchoServer.roundTrip(after);
            }
        }
    }

    private Path bad(String name, String type, String conduct) throws IOException {
        return Jars.made(scratch(name), Map.of("Bundle-SymbolicName", "org.ringfence." + name, "Bundle-Activator", BadService.class.getName(),
                BadService.INTERFACE, type, BadService.CONDUCT, conduct), Map.of(), BadService.class);
    }

    @Test
    public void aJarThatDoesNotResolveLeavesThePresentOneInCharge() throws Exception {
        fails("translator", Jars.changed("translator", scratch("translator"), headers -> headers.putValue("Import-Package", "org.example.nowhere")),
                "it needs package org.example.nowhere, and nobody has that");
    }

    @Test
    public void aJarForALaterApiLeavesThePresentOneInCharge() throws Exception {
        fails("policy", Jars.changed("policy", scratch("policy"), headers -> headers.putValue("Import-Package",
                headers.getValue("Import-Package").replaceFirst("(org\\.ringfence\\.api\\.policy;version=)\"[^\"]*\"", "$1\"[77.0,78)\""))),
                "it needs package org.ringfence.api.policy 77.0.0 or later, and here is ");
    }

    @Test
    public void aJarThatDoesNotStartLeavesThePresentOneInCharge() throws Exception {
        fails("ring", bad("ring", "org.ringfence.api.transport.Transport", "does not start"), "it does not start: IllegalStateException: for the test");
    }

    @Test
    public void aComponentThatThrowsOnActivationLeavesThePresentOneInCharge() throws Exception {
        fails("policy", Jars.made(scratch("policy"), Map.of("Bundle-SymbolicName", "org.ringfence.policy", "Service-Component", "OSGI-INF/bad.xml"),
                Map.of("OSGI-INF/bad.xml", BadComponent.XML), BadComponent.class), "bad throws on activation: java.lang.IllegalStateException: for the test");
    }

    @Test
    public void aTranslatorThatThrowsAtEachCallLeavesThePresentOneInCharge() throws Exception {
        fails("translator", bad("translator", "org.ringfence.api.call.CallTranslator", "throws"), "throws IllegalStateException: for the test");
    }

    @Test
    public void aTranslatorThatDoesNotReturnLeavesThePresentOneInCharge() throws Exception {
        fails("translator", bad("translator", "org.ringfence.api.call.CallTranslator", "stalls"), "has not returned after");
    }

    @Test
    public void aChainThatThrowsAtEachCallLeavesThePresentOneInCharge() throws Exception {
        fails("policy", bad("policy", "org.ringfence.api.policy.PolicyChain", "throws"), "judging throws IllegalStateException: for the test");
    }

    @Test
    public void aChainThatDoesNotReturnLeavesThePresentOneInCharge() throws Exception {
        fails("policy", bad("policy", "org.ringfence.api.policy.PolicyChain", "stalls"), "judging has not returned after");
    }

    @Test
    public void aTransportThatThrowsAtEachCallLeavesThePresentOneInCharge() throws Exception {
        fails("ring", bad("ring", "org.ringfence.api.transport.Transport", "throws"), "opening a transport throws IllegalStateException: for the test");
    }

    @Test
    public void aTransportThatDoesNotReturnLeavesThePresentOneInCharge() throws Exception {
        fails("ring", bad("ring", "org.ringfence.api.transport.Transport", "stalls"), "opening a transport has not returned after");
    }

    @Test
    public void aJarOfAnotherBundleIsNotInstalled() throws Exception {
        fails("ring", Jars.shipped("policy"), "is a version of org.ringfence.policy, not of org.ringfence.ring");
    }

    // ---- quarantine, and a chain that is away ----

    @Test
    public void aPolicyThatThrowsAgainAndAgainIsInQuarantineAndWhatItGuardsStaysClosed() throws Exception {
        Bundle late = null;
        try (EchoServer server = server()) {
            late = context.installBundle("late", Files.newInputStream(Jars.made(scratch("late"), Map.of("Bundle-SymbolicName", "late", "Bundle-Activator",
                    LatePolicy.class.getName()), Map.of(), LatePolicy.class)));
            late.start();
            await("it is asked", () -> gateway.policies().stream().anyMatch(policy -> policy.name().equals("late") && policy.state().equals("asked")));
            await("it is in quarantine", () -> {
                assertTrue(isRefused(server));
                return gateway.policies().stream().anyMatch(policy -> policy.name().equals("late") && policy.state().equals("quarantined"));
            });
            assertTrue(isRefused(server));
            assertTrue(execute("ringfence:policies").contains("quarantined"));
            late.uninstall();
            late = null;
            try (Socket socket = server.connect()) {
                EchoServer.roundTrip(socket);
            }
        } finally {
            if (late != null) {
                late.uninstall();
            }
        }
    }

    /** True if a connection ends without a byte. */
    private static boolean isRefused(EchoServer server) {
        try (Socket socket = server.connect()) {
            EchoServer.send(socket);
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private void configure(Object... keysAndValues) throws Exception {
        Dictionary<String, Object> properties = new Hashtable<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            properties.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        configurations.getConfiguration("org.ringfence.gateway", "?").update(properties);
    }

    @Test
    public void withoutAChainConnectionsWaitAndAreRefusedAndEstablishedOnesAreHeldIfConfigured() throws Exception {
        Bundle policy = running("policy");
        try (EchoServer server = server(); Socket established = server.connect()) {
            EchoServer.roundTrip(established);
            configure("policy.absent.timeout", 300L, "policy.absent.established", "hold");
            policy.stop();
            assertTrue(isRefused(server));
            EchoServer.send(established);
            established.setSoTimeout(300);
            assertThrows(SocketTimeoutException.class, () -> established.getInputStream().read());
            policy.start();
            established.setSoTimeout(20_000);
            EchoServer.receive(established);
            try (Socket after = server.connect()) {
                EchoServer.roundTrip(after);
            }
        } finally {
            policy.start();
            configurations.getConfiguration("org.ringfence.gateway", "?").delete();
        }
    }

    @Test
    public void whoComesWhileTheChainIsAwayForAMomentIsJudgedAndServed() throws Exception {
        Bundle policy = running("policy");
        try (EchoServer server = server()) {
            configure("policy.absent.timeout", 20_000L);
            policy.stop();
            try (Socket waiting = server.connect()) {
                EchoServer.send(waiting);
                waiting.setSoTimeout(300);
                assertThrows(SocketTimeoutException.class, () -> waiting.getInputStream().read());
                policy.start();
                waiting.setSoTimeout(20_000);
                EchoServer.receive(waiting);
            }
        } finally {
            policy.start();
            configurations.getConfiguration("org.ringfence.gateway", "?").delete();
        }
    }
}
