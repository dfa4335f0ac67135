package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.api.policy.PolicyReport;

/** Bundles of the data path are exchanged while a program behind the gateway serves a connection. */
@ExtendWith(PaxExam.class)
public class HotSwapIT {
    @Inject
    private BundleContext context;

    @Inject
    private Gateway gateway;

    @Configuration
    public Option[] runtime() throws IOException {
        Path deploy = RuntimeOptions.temporaryDirectory().resolve("deploy");
        List<Option> options = new ArrayList<>(List.of(RuntimeOptions.shipped()));
        options.add(frameworkProperty("test.deploy").value(Files.createDirectory(deploy).toString()));
        options.add(frameworkProperty("felix.fileinstall.dir").value(deploy.toString()));
        options.add(frameworkProperty("felix.fileinstall.poll").value("200"));
        return options.toArray(Option[]::new);
    }

    private SwapSite site() {
        return new SwapSite(context, gateway);
    }

    // ---- the ways to swap ----

    @Test
    public void aSwapOfEachBundleLeavesConnectionsAndListenersAlone() throws Exception {
        try (EchoServer server = site().server(); Socket before = server.connect()) {
            EchoServer.roundTrip(before);
            for (String name : List.of("ring", "translator", "policy", "ring")) {
                Bundle former = site().running(name);
                String result = site().swap(name, Jars.version(name, "2.0.0", site().scratch(name)));
                assertTrue(result.contains(" -> org.ringfence." + name + " 2.0.0 "), result);
                assertFalse(former.getState() == Bundle.ACTIVE, former.getSymbolicName() + " is retired");
                assertTrue(site().isInCharge(SwapSite.role(name), site().running(name)), name);
                SwapSite.serves(server, before);
            }
        }
    }

    @Test
    public void thePlainUpdateOfEachBundleLeavesConnectionsAndListenersAlone() throws Exception {
        try (EchoServer server = site().server(); Socket before = server.connect()) {
            EchoServer.roundTrip(before);
            for (String name : List.of("ring", "translator", "policy")) {
                Bundle bundle = site().running(name);
                try (InputStream jar = Files.newInputStream(Jars.version(name, "3.0.0", site().scratch(name)))) {
                    bundle.update(jar);
                }
                SwapSite.await(name + " is in charge", () -> site().isInCharge(SwapSite.role(name), bundle));
                SwapSite.serves(server, before);
            }
        }
    }

    @Test
    public void aJarThatIsDeployedTakesOverAndWhenItIsTakenAwayTheInstallationsIsBack() throws Exception {
        Path deploy = Path.of(context.getProperty("test.deploy"));
        for (String name : List.of("ring", "translator", "policy")) {
            while (!site().running(name).getLocation().contains("/bundle/")) { // another test may have swapped it
                site().running(name).uninstall(); // those that are retired are no bundles of the installation
                SwapSite.await("the shipped one is back", () -> Arrays.stream(context.getBundles()).anyMatch(bundle -> bundle.getState() == Bundle.ACTIVE
                        && bundle.getSymbolicName().equals("org.ringfence." + name)));
            }
        }
        try (EchoServer server = site().server(); Socket before = server.connect()) {
            for (String name : List.of("ring", "translator", "policy")) {
                Bundle shipped = site().running(name);
                Path first = deploy.resolve(name + "-4.jar");
                Files.move(Jars.version(name, "4.0.0", site().scratch(name)), first);
                SwapSite.await(name + " 4 took over", () -> shipped.getState() == Bundle.RESOLVED && site().running(name) != shipped && site().isInCharge(SwapSite.role(name), site().running(name)));
                EchoServer.roundTrip(before);
                Path second = deploy.resolve(name + "-5.jar");
                Files.move(Jars.version(name, "5.0.0", site().scratch(name)), second);
                SwapSite.await(name + " 5 took over", () -> site().running(name).getVersion().getMajor() == 5 && site().isInCharge(SwapSite.role(name), site().running(name))
                        && Files.exists(deploy.resolve(name + "-4.jar.replaced")) && !Files.exists(first));
                EchoServer.roundTrip(before);
                Files.delete(second);
                SwapSite.await(name + " of the installation is back", () -> shipped.getState() == Bundle.ACTIVE && site().isInCharge(SwapSite.role(name), shipped));
                EchoServer.roundTrip(before);
            }
        }
    }

    // ---- what is handed over ----

    @Test
    public void blocksAndCountsAndPlacesPassToTheNextVersion() throws Exception {
        site().execute("ringfence:block --for 10m 192.0.2.7");
        List<String> chain = gateway.policies().stream().filter(policy -> policy.state().equals("asked")).map(PolicyReport::name).toList();
        long asked = gateway.policies().stream().mapToLong(PolicyReport::asked).max().orElseThrow();
        site().swap("policy", Jars.version("policy", "6.0.0", site().scratch("policy")));
        assertTrue(site().execute("ringfence:blocked").contains("192.0.2.7"));
        assertEquals(chain, gateway.policies().stream().filter(policy -> policy.state().equals("asked")).map(PolicyReport::name).toList());
        assertTrue(gateway.policies().stream().mapToLong(PolicyReport::asked).max().orElseThrow() >= asked);
        site().running("policy").update(Files.newInputStream(Jars.version("policy", "7.0.0", site().scratch("policy"))));
        SwapSite.await("the chain is back", () -> site().isInCharge("policies", site().running("policy")));
        assertTrue(site().execute("ringfence:blocked").contains("192.0.2.7"));
        site().execute("ringfence:unblock 192.0.2.7");
    }

    @Test
    public void theClassLoadersOfOldVersionsAreCollected() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        try (EchoServer server = site().server(); Socket socket = server.connect()) {
            for (int i = 0; i < 4; i++) {
                for (String name : List.of("ring", "translator", "policy")) {
                    site().swap(name, Jars.shipped(name));
                    loaders.add(new WeakReference<>(site().running(name).adapt(BundleWiring.class).getClassLoader()));
                    EchoServer.roundTrip(socket);
                }
            }
            // the last three are in use, and those before them are retired and not yet replaced
            SwapSite.await("the class loaders of the first six are gone", () -> {
                System.gc();
                return loaders.subList(0, 6).stream().allMatch(loader -> loader.get() == null);
            });
        }
    }
}
