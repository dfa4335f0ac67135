package org.ringfence.ssh.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.Signal;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.ringfence.shell.client.Interactive;
import org.ringfence.shell.client.ShellClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel of an SSH session: a client of the shell's socket, as {@code ./ringfence shell} is one. With a line it runs that; without, what is
 * typed on the channel's terminal, or the lines of its input if it has none. One thread, {@code ringfence-ssh}, until it ends.
 */
final class ShellChannel implements Command {
    private static final Logger LOG = LoggerFactory.getLogger(ShellChannel.class);
    /** As of {@code ./ringfence shell}: nobody answers. */
    private static final int UNREACHABLE = 3;

    private final Path state;
    private final String line;
    private final Semaphore free;
    private final SocketChannel gateway;
    private InputStream in;
    private OutputStream out;
    private OutputStream err;
    private ExitCallback onExit;
    private Thread thread;

    /**
     * @param line null: several, which are typed
     * @param free how many more may run
     */
    ShellChannel(Path state, String line, Semaphore free) throws IOException {
        this.state = state;
        this.line = line;
        this.free = free;
        gateway = SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    @Override
    public void setInputStream(InputStream stream) {
        in = stream;
    }

    @Override
    public void setOutputStream(OutputStream stream) {
        out = stream;
    }

    @Override
    public void setErrorStream(OutputStream stream) {
        err = stream;
    }

    @Override
    public void setExitCallback(ExitCallback callback) {
        onExit = callback;
    }

    @Override
    public void start(ChannelSession channel, Environment environment) {
        thread = new Thread(() -> run(environment), "ringfence-ssh");
        thread.setDaemon(true);
        thread.start();
    }

    /** The client is gone, or access is closed: what runs is interrupted by that. */
    @Override
    public void destroy(ChannelSession channel) throws IOException {
        gateway.close();
        if (thread != null) {
            thread.interrupt();
        }
    }

    private void run(Environment environment) {
        int status = UNREACHABLE;
        boolean admitted = free.tryAcquire();
        try (gateway) {
            if (!admitted) {
                throw new IOException("max.sessions: as many as are allowed are open: end one");
            }
            status = environment.getEnv().containsKey(Environment.ENV_TERM) ? onTerminal(environment) : withoutTerminal(environment);
        } catch (IOException | RuntimeException e) {
            LOG.debug("ssh: a channel ends", e);
            say("ringfence shell: " + (e.getMessage() == null ? e : e.getMessage()));
        } finally {
            if (admitted) {
                free.release();
            }
            onExit.onExit(status);
        }
    }

    private int withoutTerminal(Environment environment) throws IOException {
        ShellClient client = new ShellClient(gateway, print(out), print(err));
        int refused = client.meet(socket(), ShellClient.PATIENCE);
        if (refused != 0) {
            return refused;
        }
        environment.addSignalListener((channel, signal) -> client.interrupt(), Signal.INT);
        return line != null ? client.run(line) : client.runLines(new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)), false);
    }

    private int onTerminal(Environment environment) throws IOException {
        Map<String, String> variables = environment.getEnv();
        try (Terminal terminal = new ExternalTerminal("ssh", variables.get(Environment.ENV_TERM), in, out, StandardCharsets.UTF_8)) {
            terminal.setSize(size(variables));
            environment.addSignalListener((channel, signal) -> {
                terminal.setSize(size(variables));
                terminal.raise(Terminal.Signal.WINCH);
            }, Signal.WINCH);
            environment.addSignalListener((channel, signal) -> terminal.raise(Terminal.Signal.INT), Signal.INT);
            PrintStream screen = print(terminal.output());
            ShellClient client = new ShellClient(gateway, screen, screen);
            int refused = client.meet(socket(), ShellClient.PATIENCE);
            Interactive shell = new Interactive(client, state.resolve("shell_history"));
            return refused != 0 ? refused : line == null ? shell.run(terminal) : shell.run(terminal, line);
        }
    }

    private UnixDomainSocketAddress socket() {
        return UnixDomainSocketAddress.of(state.resolve("shell.sock"));
    }

    private static Size size(Map<String, String> variables) {
        return new Size(number(variables.get(Environment.ENV_COLUMNS), 80), number(variables.get(Environment.ENV_LINES), 24));
    }

    /** What the client says of its window: 0 if it does not know, and anything if it is hostile. */
    private static int number(String text, int otherwise) {
        try {
            int number = Integer.parseInt(text);
            return number > 0 && number <= 10_000 ? number : otherwise;
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private static PrintStream print(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    private void say(String text) {
        print(err).print(text + "\r\n");
    }
}
