package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;

/** A program behind the gateway of this container that sends back what it gets. */
final class EchoServer implements AutoCloseable {
    private static final byte[] HELLO = "hello".getBytes();

    private final Process process;
    final int port;

    EchoServer(Path state) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("python3",
                RuntimeOptions.runtime().resolveSibling("bundles/gateway/src/test/resources/programs/echo.py").toString());
        builder.environment().put("LD_PRELOAD", Path.of(System.getProperty("ringfence.native")).resolve("libringfence.so").toString());
        builder.environment().put("RINGFENCE_ATTACH", state.resolve("attach.sock").toString());
        builder.environment().put("RINGFENCE_LAUNCH", "echo-" + System.nanoTime());
        builder.environment().put("RINGFENCE_NAME", "echo");
        process = builder.redirectErrorStream(true).start();
        BufferedReader output = process.inputReader();
        String line = output.readLine();
        assertNotNull(line, "the echo server ended");
        try {
            port = Integer.parseInt(line);
        } catch (NumberFormatException e) {
            throw new AssertionError(line + output.lines().toList());
        }
    }

    Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        return socket;
    }

    static void send(Socket socket) throws IOException {
        socket.getOutputStream().write(HELLO);
    }

    static void receive(Socket socket) throws IOException {
        assertArrayEquals(HELLO, socket.getInputStream().readNBytes(HELLO.length));
    }

    static void roundTrip(Socket socket) throws IOException {
        send(socket);
        receive(socket);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
