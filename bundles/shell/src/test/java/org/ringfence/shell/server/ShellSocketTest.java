package org.ringfence.shell.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.ringfence.shell.protocol.Frame;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ShellSocketTest {

    /** Commands the tests call. Gogo calls public methods of public classes. */
    public static final class Commands {
        final CountDownLatch waiting = new CountDownLatch(1);
        final CountDownLatch interrupted = new CountDownLatch(1);

        public String greet(String whom) {
            return "hello " + whom;
        }

        public void fail() {
            throw new IllegalStateException("no such slot: 4711");
        }

        public void hang() {
            waiting.countDown();
            try {
                Thread.sleep(TimeUnit.MINUTES.toMillis(1));
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        }
    }

    @TempDir
    private Path directory;

    private final Commands commands = new Commands();
    private final ThreadIOImpl threadIo = new ThreadIOImpl();
    private ShellSocket shell;
    private Path path;

    @BeforeEach
    void listen() throws IOException {
        threadIo.start();
        CommandProcessorImpl processor = new CommandProcessorImpl(threadIo);
        for (String name : new String[] {"greet", "fail", "hang"}) {
            processor.addCommand("ringfence", commands, name);
        }
        path = directory.resolve("shell.sock");
        shell = new ShellSocket(processor, line -> List.of(line + "!", "other"), path);
    }

    @AfterEach
    void stop() throws IOException {
        shell.close();
        threadIo.stop();
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        return channel;
    }

    /** Runs a command; the answer is what it wrote to each stream and its status, as "O:..E:..S:n". */
    private static String run(SocketChannel channel, String command) throws IOException {
        DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
        DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
        Frame.command(command).writeTo(out);
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        while (true) {
            Frame frame = Frame.readFrom(in);
            if (frame == null) {
                return answer.toString(StandardCharsets.UTF_8) + "closed";
            }
            answer.write(new byte[] {frame.type(), ':'});
            if (frame.type() == Frame.STATUS) {
                return answer.toString(StandardCharsets.UTF_8) + frame.status();
            }
            answer.write(frame.payload());
        }
    }

    @Test
    void isAccessibleToItsOwnerOnly() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    }

    @Test
    void answersWithOutputAndStatusZero() throws IOException {
        try (SocketChannel channel = connect()) {
            assertEquals("O:hello gateway\nS:0", run(channel, "ringfence:greet gateway"));
        }
    }

    @Test
    void keepsTheSessionBetweenCommandsAndAfterAFailure() throws IOException {
        try (SocketChannel channel = connect()) {
            run(channel, "who = nginx");
            assertEquals("E:no such slot: 4711\nS:1", run(channel, "fail"));
            assertEquals("O:hello nginx\nS:0", run(channel, "greet $who"));
        }
    }

    @Test
    void saysWhatToDoAboutAnUnknownCommand() throws IOException {
        try (SocketChannel channel = connect()) {
            String answer = run(channel, "conections");
            assertTrue(answer.contains("conections") && answer.contains("'help'"), answer);
            assertTrue(answer.endsWith("S:1"), answer);
        }
    }

    @Test
    void interruptsTheRunningCommandWhenTheClientLeaves() throws Exception {
        try (SocketChannel channel = connect()) {
            Frame.command("hang").writeTo(new DataOutputStream(Channels.newOutputStream(channel)));
            assertTrue(commands.waiting.await(10, TimeUnit.SECONDS));
        }
        assertTrue(commands.interrupted.await(10, TimeUnit.SECONDS));
    }

    @Test
    void answersAPing() throws IOException {
        try (SocketChannel channel = connect()) {
            Frame.ping().writeTo(new DataOutputStream(Channels.newOutputStream(channel)));
            assertEquals(Frame.PING, Frame.readFrom(new DataInputStream(Channels.newInputStream(channel))).type());
        }
    }

    @Test
    void tellsWhyThereIsNoSession() throws IOException {
        List<SocketChannel> open = new ArrayList<>();
        for (int i = 0; i < ShellSocket.MAX_SESSIONS; i++) {
            open.add(connect());
        }
        try (SocketChannel channel = connect()) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
            assertEquals("ringfence shell: 16 sessions are open: end one\n", Frame.readFrom(in).text());
            assertEquals(3, Frame.readFrom(in).status());
        }
        for (SocketChannel channel : open) {
            channel.close();
        }
    }

    @Test
    void readsNoFurtherThanAFewCommandsAhead() throws Exception {
        try (SocketChannel channel = connect()) {
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
            Frame.command("hang").writeTo(out);
            assertTrue(commands.waiting.await(10, TimeUnit.SECONDS));
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            Frame.command("#".repeat(Frame.MAX_PAYLOAD)).writeTo(new DataOutputStream(line));
            channel.configureBlocking(false);
            long taken = 0;
            long since = System.nanoTime();
            ByteBuffer rest = ByteBuffer.wrap(line.toByteArray());
            while (taken < 32L << 20 && System.nanoTime() - since < TimeUnit.SECONDS.toNanos(1)) {
                int written = channel.write(rest);
                if (written > 0) {
                    taken += written;
                    since = System.nanoTime();
                }
                if (!rest.hasRemaining()) {
                    rest.clear();
                }
            }
            assertTrue(taken < 8L << 20, taken + " bytes were taken while a command ran");
            shell.close();
            assertTrue(commands.interrupted.await(10, TimeUnit.SECONDS));
            while (Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().matches("pipe-.*|shell-execute"))) {
                Thread.onSpinWait(); // Gogo's streams are set again by whoever ends
            }
        }
    }

    @Test
    void completesALine() throws IOException {
        try (SocketChannel channel = connect()) {
            Frame.question("conn").writeTo(new DataOutputStream(Channels.newOutputStream(channel)));
            Frame answer = Frame.readFrom(new DataInputStream(Channels.newInputStream(channel)));
            assertEquals(Frame.CANDIDATES, answer.type());
            assertEquals("conn!\nother", answer.text());
        }
    }

    @Test
    void interruptsTheRunningCommandAndGoesOn() throws Exception {
        try (SocketChannel channel = connect()) {
            DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
            Frame.interrupt().writeTo(out); // nothing runs: nothing comes of it
            Frame.terminal(24, 80).writeTo(out);
            Frame.command("hang").writeTo(out);
            assertTrue(commands.waiting.await(10, TimeUnit.SECONDS));
            Frame.interrupt().writeTo(out);
            assertTrue(commands.interrupted.await(10, TimeUnit.SECONDS));
            assertTrue(List.of(0, Frame.INTERRUPTED).contains(Frame.readFrom(new DataInputStream(Channels.newInputStream(channel))).status()));
            assertEquals("O:hello again\nS:0", run(channel, "greet again"));
        }
    }

    @Test
    void removesItsSocketWhenItStops() throws IOException {
        shell.close();
        assertFalse(Files.exists(path));
    }
}
