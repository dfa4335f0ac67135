package org.ringfence.shell.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.shell.protocol.Frame;

class ShellClientTest {

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    private ServerSocketChannel listener;
    private SocketChannel channel;
    private ShellClient client;

    /** A server that echoes each command; "bad" fails with status 1, "vanish" closes the connection. */
    private void serve() {
        try (SocketChannel peer = listener.accept()) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(peer));
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(peer));
            for (Frame frame = Frame.readFrom(in); frame != null; frame = Frame.readFrom(in)) {
                if (frame.text().equals("vanish")) {
                    return;
                }
                boolean bad = frame.text().equals("bad");
                byte[] echo = (frame.text() + "\n").getBytes(StandardCharsets.UTF_8);
                new Frame(bad ? Frame.ERROR : Frame.OUTPUT, echo).writeTo(out);
                Frame.status(bad ? 1 : 0).writeTo(out);
            }
        } catch (IOException e) {
            // the test has ended and closed the connection under us
            Thread.currentThread().interrupt();
        }
    }

    @BeforeEach
    void connect() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
        Thread server = new Thread(this::serve, "echo");
        server.setDaemon(true);
        server.start();
        channel = SocketChannel.open(address);
        client = new ShellClient(channel, new PrintStream(stdout, true), new PrintStream(stderr, true));
    }

    @AfterEach
    void close() throws IOException {
        channel.close();
        listener.close();
    }

    private int lines(String text, boolean prompt) throws IOException {
        return client.runLines(new BufferedReader(new StringReader(text)), prompt);
    }

    @Test
    void printsOutputAndErrorsToTheirOwnStreams() throws IOException {
        assertEquals(0, client.run("ins"));
        assertEquals(1, client.run("bad"));
        assertEquals("ins\n", stdout.toString());
        assertEquals("bad\n", stderr.toString());
    }

    @Test
    void goesOnAfterAFailureAndEndsWithTheLastStatus() throws IOException {
        assertEquals(0, lines("bad\n\n# a comment\n  ins  \n", false));
        assertEquals("ins\n", stdout.toString());
        assertEquals(1, lines("ins\nbad", false));
    }

    @Test
    void endsAtExitWithoutAskingTheGateway() throws IOException {
        assertEquals(0, lines("exit\nbad\n", false));
        assertEquals("", stderr.toString());
    }

    @Test
    void promptsOnlyWhenAskedTo() throws IOException {
        lines("ins\n", true);
        assertEquals("ringfence> ins\nringfence> \n", stdout.toString());
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void givesUpOnAGatewayThatDoesNotAnswer() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("silent"));
        try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
                SocketChannel gateway = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            ShellClient other = new ShellClient(gateway, new PrintStream(stdout, true), new PrintStream(stderr, true));
            IOException e = assertThrows(IOException.class, () -> other.meet(address, Duration.ofSeconds(1)));
            assertEquals("does not answer within 1 s", e.getMessage());
            assertTrue(silent.isOpen());
        }
    }

    @Test
    void closesTheConnectionWhenCandidatesCannotBeRead() {
        assertThrows(IOException.class, () -> client.complete("conn")); // echoed, which is no answer
        assertFalse(channel.isOpen());
        assertThrows(IOException.class, () -> client.run("ins"));
    }

    @Test
    void failsWhenTheGatewayGoesAwayInMidCommand() {
        assertThrows(IOException.class, () -> client.run("vanish"));
    }
}
