package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import javax.inject.Inject;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;

/** The bundles of the runtime, in the container: all of them resolve and run, and the shell answers. */
@ExtendWith(PaxExam.class)
public class RuntimeIT {

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] runtime() throws IOException {
        return RuntimeOptions.shipped();
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within 10 s: " + what);
            Thread.sleep(10);
        }
    }

    private Path shellSocket() throws InterruptedException {
        Path socket = Path.of(context.getProperty("ringfence.state"), "shell.sock");
        await(socket + " exists", () -> Files.exists(socket));
        return socket;
    }

    private boolean commandRegistered(String name) {
        try {
            return context.getAllServiceReferences(
                    null, "(&(osgi.command.scope=ringfence)(osgi.command.function=" + name + "))") != null;
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Why a bundle does not run: starting it once more says so. */
    private static String reason(Bundle bundle) {
        try {
            bundle.start(Bundle.START_TRANSIENT);
            return bundle.getSymbolicName() + " was not started";
        } catch (BundleException e) {
            return bundle.getSymbolicName() + ": " + e.getMessage();
        }
    }

    @Test
    public void everyBundleIsActive() {
        List<String> others = Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null)
                .filter(bundle -> bundle.getState() != Bundle.ACTIVE)
                .map(RuntimeIT::reason)
                .toList();
        assertEquals(List.of(), others);
    }

    @Test
    public void everyModuleIsThere() {
        List<String> present = Arrays.stream(context.getBundles()).map(Bundle::getSymbolicName).toList();
        for (String module : List.of("api", "memory", "ring", "translator", "policy", "gateway", "shell")) {
            assertTrue(present.contains("org.ringfence." + module), module + " in " + present);
        }
    }

    @Test
    public void onlyTheApiIsExported() {
        for (Bundle bundle : context.getBundles()) {
            String name = bundle.getSymbolicName();
            if (name.startsWith("org.ringfence.") && !name.equals("org.ringfence.api")) {
                assertEquals(null, bundle.getHeaders().get(Constants.EXPORT_PACKAGE), name);
            }
        }
    }

    @Test
    public void theCommandBundlesIsRegistered() throws InterruptedException {
        await("ringfence:bundles is a service", () -> commandRegistered("bundles"));
    }

    @Test
    public void theShellsSocketIsItsOwnersOnly() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(shellSocket())));
    }

    /** The bytes of the protocol are written out, so that the test does not share a mistake with the bundle. */
    @Test
    public void theShellAnswersOnItsSocket() throws Exception {
        await("ringfence:bundles is a service", () -> commandRegistered("bundles"));
        byte[] command = "ringfence:bundles".getBytes(StandardCharsets.UTF_8);
        StringBuilder output = new StringBuilder();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(shellSocket()))) {
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
            out.writeByte('C');
            out.writeInt(command.length);
            out.write(command);
            DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
            byte type = in.readByte();
            byte[] payload = in.readNBytes(in.readInt());
            while (type == 'O') {
                output.append(new String(payload, StandardCharsets.UTF_8));
                type = in.readByte();
                payload = in.readNBytes(in.readInt());
            }
            assertEquals('S', type, output.toString());
            assertEquals(0, payload[3], output.toString());
        }
        assertTrue(output.toString().contains("org.ringfence.shell"), output.toString());
    }
}
