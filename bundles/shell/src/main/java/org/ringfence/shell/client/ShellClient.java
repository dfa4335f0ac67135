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
import java.util.Arrays;
import java.util.List;

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
    /** The same when nobody takes what is written: that of a program that SIGPIPE has ended. */
    private static final int OUTPUT_CLOSED = 141;

    /** What the gateway says can be written nowhere. */
    static final class OutputClosed extends IOException {
        private static final long serialVersionUID = 1;

        OutputClosed() {
            super("standard output is closed");
        }
    }

    private final DataInputStream in;
    private final DataOutputStream out;
    private final PrintStream stdout;
    private final PrintStream stderr;

    /** @param gateway a connection to its shell's socket; the caller's to close */
    public ShellClient(SocketChannel gateway, PrintStream stdout, PrintStream stderr) {
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
            gateway.connect(address);
            ShellClient client = new ShellClient(gateway, System.out, System.err);
            int status = args.length > 1 ? client.run(command(Arrays.copyOfRange(args, 1, args.length)))
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
     * Runs one command and prints what it writes as it comes.
     *
     * @return its exit status
     * @throws IOException if the gateway goes away before the command has ended
     */
    public int run(String command) throws IOException {
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

    /** What the last word of a line may become. Between two commands only. */
    List<String> complete(String line) throws IOException {
        Frame.question(line).writeTo(out);
        out.flush();
        Frame answer = Frame.readFrom(in);
        if (answer == null || answer.type() != Frame.CANDIDATES) {
            throw new IOException("gateway closed the connection");
        }
        return answer.text().isEmpty() ? List.of() : List.of(answer.text().split("\n"));
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
