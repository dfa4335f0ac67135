package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Map;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.ringfence.api.gateway.BundleSwap;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.itest.bad.BadComponent;
import org.ringfence.itest.bad.BadService;

/** A jar that is bad, in whatever way, leaves the present version in charge, and says why. */
@ExtendWith(PaxExam.class)
public class BadJarsIT {
    @Inject
    private BundleContext context;

    @Inject
    private Gateway gateway;

    @Configuration
    public Option[] runtime() throws IOException {
        return RuntimeOptions.shipped();
    }

    private SwapSite site() {
        return new SwapSite(context, gateway);
    }

    /** A swap fails for a reason, in one line, and the present version goes on. */
    private void fails(String name, Path jar, String why) throws Exception {
        try (EchoServer server = site().server(); Socket socket = server.connect()) {
            EchoServer.roundTrip(socket);
            SwapSite.await(name + " is in charge after what was there before", () -> site().isInCharge(SwapSite.role(name), site().running(name)));
            Bundle present = site().running(name);
            BundleSwap.Failed failed = assertThrows(BundleSwap.Failed.class, () -> site().swap(name, jar));
            assertTrue(failed.getMessage().contains(why), failed.getMessage());
            assertTrue(failed.getMessage().endsWith("stays in charge"), failed.getMessage());
            assertFalse(failed.getMessage().contains("\n"), failed.getMessage());
            assertEquals(present, site().running(name));
            assertTrue(site().isInCharge(SwapSite.role(name), present), () -> present + ": " + gateway.services());
            SwapSite.serves(server, socket);
        }
    }

    private Path bad(String name, String type, String conduct) throws IOException {
        return Jars.made(site().scratch(name), Map.of("Bundle-SymbolicName", "org.ringfence." + name, "Bundle-Activator", BadService.class.getName(),
                BadService.INTERFACE, type, BadService.CONDUCT, conduct), Map.of(), BadService.class);
    }

    @Test
    public void aJarThatDoesNotResolveLeavesThePresentOneInCharge() throws Exception {
        fails("translator", Jars.changed("translator", site().scratch("translator"), headers -> headers.putValue("Import-Package", "org.example.nowhere")),
                "it needs package org.example.nowhere, and nobody has that");
    }

    @Test
    public void aJarForALaterApiLeavesThePresentOneInCharge() throws Exception {
        fails("policy", Jars.changed("policy", site().scratch("policy"), headers -> headers.putValue("Import-Package",
                headers.getValue("Import-Package").replaceFirst("(org\\.ringfence\\.api\\.policy;version=)\"[^\"]*\"", "$1\"[77.0,78)\""))),
                "it needs package org.ringfence.api.policy 77.0.0 or later, and here is ");
    }

    @Test
    public void aJarThatDoesNotStartLeavesThePresentOneInCharge() throws Exception {
        fails("ring", bad("ring", "org.ringfence.api.transport.Transport", "does not start"), "it does not start: IllegalStateException: for the test");
    }

    @Test
    public void aComponentThatThrowsOnActivationLeavesThePresentOneInCharge() throws Exception {
        fails("policy", Jars.made(site().scratch("policy"), Map.of("Bundle-SymbolicName", "org.ringfence.policy", "Service-Component", "OSGI-INF/bad.xml"),
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
}
