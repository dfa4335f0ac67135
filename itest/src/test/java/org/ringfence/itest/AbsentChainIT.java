package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.itest.bad.LatePolicy;

/** A policy that fails is put into quarantine, and what is guarded stays closed while a chain is away. */
@ExtendWith(PaxExam.class)
public class AbsentChainIT {
    @Inject
    private BundleContext context;

    @Inject
    private Gateway gateway;

    @Inject
    private ConfigurationAdmin configurations;

    @Configuration
    public Option[] runtime() throws IOException {
        return RuntimeOptions.shipped();
    }

    private SwapSite site() {
        return new SwapSite(context, gateway);
    }

    @Test
    public void aPolicyThatThrowsAgainAndAgainIsInQuarantineAndWhatItGuardsStaysClosed() throws Exception {
        Bundle late = null;
        try (EchoServer server = site().server()) {
            late = context.installBundle("late", Files.newInputStream(Jars.made(site().scratch("late"), Map.of("Bundle-SymbolicName", "late", "Bundle-Activator",
                    LatePolicy.class.getName()), Map.of(), LatePolicy.class)));
            late.start();
            SwapSite.await("it is asked", () -> gateway.policies().stream().anyMatch(policy -> policy.name().equals("late") && policy.state().equals("asked")));
            SwapSite.await("it is in quarantine", () -> {
                assertTrue(SwapSite.isRefused(server));
                return gateway.policies().stream().anyMatch(policy -> policy.name().equals("late") && policy.state().equals("quarantined"));
            });
            assertTrue(SwapSite.isRefused(server));
            assertTrue(site().execute("ringfence:policies").contains("quarantined"));
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

    private void configure(Object... keysAndValues) throws Exception {
        Dictionary<String, Object> properties = new Hashtable<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            properties.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        configurations.getConfiguration("org.ringfence.gateway", "?").update(properties);
    }

    @Test
    public void withoutAChainConnectionsWaitAndAreRefusedAndEstablishedOnesAreHeldIfConfigured() throws Exception {
        Bundle policy = site().running("policy");
        try (EchoServer server = site().server(); Socket established = server.connect()) {
            EchoServer.roundTrip(established);
            configure("policy.absent.timeout", 300L, "policy.absent.established", "hold");
            policy.stop();
            assertTrue(SwapSite.isRefused(server));
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
        Bundle policy = site().running("policy");
        try (EchoServer server = site().server()) {
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
