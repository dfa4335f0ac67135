package org.ringfence.shell.client;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.ringfence.shell.protocol.Duplex;
import org.ringfence.shell.protocol.Frame;

/**
 * Client of the gateway's shell. {@code ShellClient SOCKET COMMAND...} runs one command; {@code ShellClient SOCKET}
 * runs the lines of standard input, with a prompt when that is a terminal.
 *
 * <p>Exit status: that of the last command; {@link #UNREACHABLE} when no gateway answers or it goes away. Used by one
 * thread, save for {@link #interrupt}.
 */
public final class ShellClient {

    /** Exit status when there is no gateway to talk to; differs from a failed command's. */
    static final int UNREACHABLE = 3;
    /** How long a gateway may take for its first answer; a command then takes as long as it takes. */
    public static final Duration PATIENCE = Duration.ofSeconds(10);
    /** The same when nobody takes what is written: that of a program that SIGPIPE has ended. */
    private static final int OUTPUT_CLOSED = 141;

    /** What the gateway says can be written nowhere. */
    static final class OutputClosed extends IOException {
        private static final long serialVersionUID = 1;

        OutputClosed() {
            super("standard output is closed");
        }
    }

    private final SocketChannel gateway;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final PrintStream stdout;
    private final PrintStream stderr;

    /** @param gateway a connection to its shell's socket, or what {@link #meet} makes one of; the caller's to close */
    public ShellClient(SocketChannel gateway, PrintStream stdout, PrintStream stderr) {
        this.gateway = gateway;
        this.in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(gateway)));
        this.out = new DataOutputStream(new BufferedOutputStream(Duplex.output(gateway)));
        this.stdout = stdout;
        this.stderr = stderr;
    }

    public static void main(String[] args) {
        if (args.length == 0) {
            System.err.println("usage: ShellClient SOCKET [COMMAND...]");
            System.exit(2);
        }
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(args[0]);
        try (SocketChannel gateway = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            ShellClient client = new ShellClient(gateway, System.out, System.err);
            int refused = client.meet(address, PATIENCE);
            int status = refused != 0 ? refused
                    : args.length > 1 ? client.run(command(Arrays.copyOfRange(args, 1, args.length)))
                    : terminal() ? new Interactive(client, Path.of(args[0]).resolveSibling("shell_history")).run()
                    : client.runLines(new BufferedReader(new InputStreamReader(System.in)), false);
            System.exit(status);
        } catch (OutputClosed e) {
            System.exit(afterOutputClosed());
        } catch (IOException e) {
            System.err.println("ringfence shell: " + address + ": " + e.getMessage()
                    + ": is the gateway running? './ringfence status' says, './ringfence logs' why not");
            System.exit(UNREACHABLE);
        }
    }

    /** Whoever reads has enough, which is no fault of the gateway's and in most pipelines none at all; anything else is told, such as a full disk. */
    private static int afterOutputClosed() {
        try (FileOutputStream again = new FileOutputStream(FileDescriptor.out)) {
            again.write('\n'); // System.out does not tell why
        } catch (IOException e) {
            if (!"Broken pipe".equals(e.getMessage())) {
                System.err.println("ringfence shell: standard output: " + e.getMessage());
            }
        }
        return OUTPUT_CLOSED;
    }

    /** One argument is a line as it would be typed; of several, each is one word of the command. */
    static String command(String... words) {
        if (words.length == 1) {
            return words[0];
        }
        StringBuilder line = new StringBuilder(words[0]);
        for (String word : Arrays.asList(words).subList(1, words.length)) {
            boolean plain = !word.isEmpty() && word.chars().allMatch(c -> Character.isLetterOrDigit(c) || "_./:,@%+-=".indexOf(c) >= 0);
            line.append(' ').append(plain ? word : "\"" + word.replaceAll("[\\\\\"$]", "\\\\$0") + "\"");
        }
        return line.toString();
    }

    /** The caller knows: {@code System.console()} also wants standard output to be a terminal, and differs by JDK. */
    private static boolean terminal() {
        return Boolean.getBoolean("ringfence.shell.prompt");
    }

    /**
     * Connects, and waits until somebody answers: the kernel takes connections also for a gateway that hangs.
     *
     * @return 0, or the exit status of a client that is refused, to whom was said why
     * @throws IOException if there is no answer within the limit; the connection is closed then
     */
    public int meet(UnixDomainSocketAddress address, Duration limit) throws IOException {
        CountDownLatch met = new CountDownLatch(1);
        AtomicBoolean late = new AtomicBoolean();
        Thread watch = new Thread(() -> {
            try {
                if (!met.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                    late.set(true);
                    gateway.close();
                }
            } catch (InterruptedException | IOException e) {
                Thread.currentThread().interrupt();
            }
        }, "shell-patience");
        watch.setDaemon(true);
        watch.start();
        try {
            gateway.connect(address);
            return greet();
        } catch (IOException e) {
            throw late.get() ? new IOException("does not answer within " + limit.toSeconds() + " s", e) : e;
        } finally {
            met.countDown();
        }
    }

    private int greet() throws IOException {
        try {
            Frame.ping().writeTo(out);
            out.flush();
        } catch (IOException e) {
            // one that is refused is not listened to, but has been told why
        }
        for (Frame frame = Frame.readFrom(in); frame != null; frame = Frame.readFrom(in)) {
            switch (frame.type()) {
                case Frame.PING -> {
                    return 0;
                }
                case Frame.STATUS -> {
                    return frame.status();
                }
                default -> print(stderr, frame);
            }
        }
        throw new IOException("gateway closed the connection");
    }

    /**
     * Runs one command and prints what it writes as it comes.
     *
     * @return its exit status
     * @throws IOException if the gateway goes away before the command has ended
     */
    public int run(String command) throws IOException {
        if (!gateway.isOpen()) {
            throw new IOException("the connection has been closed");
        }
        Frame.command(command).writeTo(out);
        out.flush();
        for (Frame frame = Frame.readFrom(in); frame != null; frame = Frame.readFrom(in)) {
            switch (frame.type()) {
                case Frame.OUTPUT -> print(stdout, frame);
                case Frame.ERROR -> print(stderr, frame);
                case Frame.STATUS -> {
                    return frame.status();
                }
                default -> throw new IOException("shell protocol: frame of type " + frame.type()
                        + ": server and client are of different versions, rebuild with './ringfence build'");
            }
        }
        throw new IOException("gateway closed the connection before '" + command + "' had ended");
    }

    /**
     * What the last word of a line may become. Between two commands only.
     *
     * @throws IOException if the answer cannot be read; the connection is closed then, since the next one would be read in its place
     */
    List<String> complete(String line) throws IOException {
        try {
            Frame.question(line).writeTo(out);
            out.flush();
            Frame answer = Frame.readFrom(in);
            if (answer == null || answer.type() != Frame.CANDIDATES) {
                throw new IOException("gateway closed the connection");
            }
            return answer.text().isEmpty() ? List.of() : List.of(answer.text().split("\n"));
        } catch (IOException e) {
            gateway.close();
            throw e;
        }
    }

    /** Tells the size of the terminal that commands write to. Between two commands only. */
    void terminal(int rows, int columns) throws IOException {
        Frame.terminal(rows, columns).writeTo(out);
        out.flush();
    }

    /** Ends the command that runs. Any thread: while it runs nothing else is sent. */
    public void interrupt() {
        try {
            Frame.interrupt().writeTo(out);
            out.flush();
        } catch (IOException e) {
            // whoever reads the command's output sees the same
        }
    }

    private static void print(PrintStream stream, Frame frame) throws IOException {
        stream.write(frame.payload());
        stream.flush();
        if (stream.checkError()) {
            throw new OutputClosed();
        }
    }

    /**
     * Runs each line until the end of input, {@code exit} or {@code quit}. A failed command does not end the loop.
     *
     * @return the exit status of the last command
     */
    public int runLines(BufferedReader lines, boolean prompt) throws IOException {
        int status = 0;
        while (true) {
            if (prompt) {
                stdout.print("ringfence> ");
                stdout.flush();
            }
            String line = lines.readLine();
            if (line == null) {
                if (prompt) {
                    stdout.println();
                }
                return status;
            }
            String command = line.strip();
            if (command.equals("exit") || command.equals("quit")) {
                return status;
            }
            if (!command.isEmpty() && !command.startsWith("#")) {
                status = run(command);
            }
        }
    }
}
