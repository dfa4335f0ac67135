package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;

/** The shell by SSH is there when it is configured and not otherwise; what it lets in is tested with OpenSSH's client (itest/e2e/ssh-shell.sh). */
@ExtendWith(PaxExam.class)
public class SshIT {
    private static final String PID = "org.ringfence.ssh";

    @Inject
    private BundleContext context;

    @Inject
    private ConfigurationAdmin configurations;

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

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void configure(Map<String, Object> values) throws IOException {
        Dictionary<String, Object> properties = new Hashtable<>(values);
        configurations.getConfiguration(PID, "?").update(properties);
    }

    private static boolean answers(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            return new String(socket.getInputStream().readNBytes(17), StandardCharsets.US_ASCII).equals("SSH-2.0-Ringfence");
        } catch (IOException e) {
            return false;
        }
    }

    private void end() throws IOException {
        configurations.getConfiguration(PID, "?").delete();
    }

    @Test
    public void itIsOpenedAndClosedByConfiguration() throws Exception {
        int port = freePort();
        assertFalse(answers(port));
        configure(Map.of("enabled", true, "port", port));
        try {
            await("it is open", () -> answers(port));
            Path key = Path.of(context.getProperty("ringfence.state"), "ssh_host_key");
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
            configure(Map.of("enabled", false, "port", port));
            await("it is closed", () -> !answers(port));
        } finally {
            end();
        }
    }

    @Test
    public void anAddressThatIsNoLoopbackOneIsRefusedAndWhatWasOpenStays() throws Exception {
        int port = freePort();
        int other = freePort();
        configure(Map.of("enabled", true, "port", port));
        try {
            await("it is open", () -> answers(port));
            configure(Map.of("enabled", true, "port", other, "address", "0.0.0.0"));
            configure(Map.of("enabled", true, "port", other, "address", "localhost")); // a name is none, either
            configure(Map.of("enabled", true, "port", other, "address", "127.0.0.1"));
            await("the last one is in force", () -> answers(other));
            assertFalse(answers(port));
        } finally {
            end();
        }
        await("it is closed with its configuration", () -> !answers(other));
    }

    @Test
    public void itGoesWithItsBundle() throws Exception {
        int port = freePort();
        configure(Map.of("enabled", true, "port", port));
        Bundle ssh = Arrays.stream(context.getBundles()).filter(bundle -> bundle.getSymbolicName().equals("org.ringfence.ssh")).findFirst().orElseThrow();
        try {
            await("it is open", () -> answers(port));
            ssh.stop();
            assertFalse(answers(port));
            ssh.start();
            await("it is open again", () -> answers(port));
        } finally {
            end();
        }
    }
}
