package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.ringfence.api.gateway.BundleSwap;
import org.ringfence.api.gateway.Gateway;

/** A gateway in the container whose bundles are exchanged, with what tests of that ask it and do to it. */
final class SwapSite {
    private static final long PATIENCE_SECONDS = 30;

    private final BundleContext context;
    final Gateway gateway;

    SwapSite(BundleContext context, Gateway gateway) {
        this.context = context;
        this.gateway = gateway;
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within " + PATIENCE_SECONDS + " s: " + what);
            LockSupport.parkNanos(5_000_000);
        }
    }

    private Path state() {
        return Path.of(context.getProperty("ringfence.state"));
    }

    /** A program behind the gateway, when there is an INS. */
    EchoServer server() throws IOException {
        await("an INS is there", () -> !gateway.inss().isEmpty() && !gateway.policies().isEmpty());
        return new EchoServer(state());
    }

    /** A path for a jar that a test makes. */
    Path scratch(String name) {
        return state().resolve(name + "-" + System.nanoTime() + ".jar");
    }

    /** The bundle of a name that runs, the latest. */
    Bundle running(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals("org.ringfence." + name) && bundle.getState() == Bundle.ACTIVE)
                .max(Comparator.comparing(Bundle::getBundleId)).orElseThrow();
    }

    boolean isInCharge(String role, Bundle bundle) {
        return gateway.services().stream().anyMatch(service -> service.role().equals(role) && service.bundle() == bundle.getBundleId()
                && service.state().equals("in charge"));
    }

    static String role(String name) {
        return switch (name) {
            case "ring" -> "transport";
            case "translator" -> "translator linux";
            default -> "policies";
        };
    }

    String swap(String name, Path jar) throws BundleSwap.Failed {
        return service(BundleSwap.class).swap(running(name).getBundleId(), jar, step -> { });
    }

    String execute(String command) throws Exception {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        CommandSession session = service(CommandProcessor.class).createSession(InputStream.nullInputStream(), output, output);
        Object result = session.execute(command);
        session.close();
        return output + String.valueOf(result);
    }

    private <T> T service(Class<T> type) {
        await(type.getSimpleName() + " is there", () -> context.getServiceReference(type) != null);
        return context.getService(context.getServiceReference(type));
    }

    /** True if a connection ends without a byte. */
    static boolean isRefused(EchoServer server) {
        try (Socket socket = server.connect()) {
            EchoServer.send(socket);
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** A connection that is open, and a new one, are served. */
    static void serves(EchoServer server, Socket open) throws IOException {
        EchoServer.roundTrip(open);
        try (Socket after = server.connect()) {
            EchoServer.roundTrip(after);
        }
    }
}
