package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.ringfence.api.policy.HoldRule;

/** What tests of requests have in common: a gateway, a server behind it (requests.py), and its clients, which end with the test. */
abstract class ServedRequests {
    static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxxxxxxxxxx";

    final RunningGateway gateway = new RunningGateway();
    Program server;
    private int port;
    private final List<Socket> clients = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        gateway.close();
    }

    /** @param how what requests.py is to do */
    final void serve(HoldRule rule, String how) {
        gateway.policies.rule = rule;
        server = gateway.behindShim("requests", "requests.py", how);
        port = server.number();
    }

    /** A connection without a byte. */
    final Socket connect() throws IOException {
        return connect(new Socket());
    }

    /** A connection from another address of the loopback network. */
    final Socket connectFrom(String address) throws IOException {
        Socket client = new Socket();
        client.bind(new InetSocketAddress(address, 0));
        return connect(client);
    }

    /** @param receiveBuffer bytes of a response that the client takes without being read */
    final Socket connect(int receiveBuffer) throws IOException {
        Socket client = new Socket();
        client.setReceiveBufferSize(receiveBuffer);
        return connect(client);
    }

    private Socket connect(Socket client) throws IOException {
        clients.add(client);
        client.setSoTimeout(20_000);
        client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return client;
    }

    /** So many connections without a byte. */
    final List<Socket> connections(int count) throws IOException {
        List<Socket> made = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            made.add(connect());
        }
        return made;
    }

    static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String receive(Socket client, int length) throws IOException {
        return new String(client.getInputStream().readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    static void assertAnswered(Socket client) throws IOException {
        assertEquals(ANSWER, receive(client, ANSWER.length()));
    }

    /** How many connections of the server's listener there are that this holds for. */
    final long count(Predicate<RelayedSocket> which) {
        return gateway.ask(() -> gateway.loop.sockets().stream()
                .filter(s -> s.gated && s.phase == RelayedSocket.Phase.CONNECTED && !s.closing && which.test(s)).count());
    }

    final void awaitHeldBytes(long bytes) {
        RunningGateway.await(bytes + " bytes are held", () -> gateway.ask(() -> gateway.loop.sockets().stream()
                .filter(s -> s.gated && s.phase == RelayedSocket.Phase.CONNECTED).mapToLong(RelayedSocket::heldBytes).sum()) == bytes);
    }
}
