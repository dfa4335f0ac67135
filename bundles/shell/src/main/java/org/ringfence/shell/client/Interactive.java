package org.ringfence.shell.client;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * The shell on a terminal: lines are edited here, with a history that is kept, and completed by the gateway. Ctrl-C ends the line, or the
 * command that runs, and Ctrl-D the shell. In the caller's thread; the terminal's signals come on another one.
 */
public final class Interactive {
    private static final int HISTORY_LINES = 1000;
    /**
     * How the terminal of this process is spoken to: by JLine's native library, and by the program stty(1) only where that cannot be loaded.
     * Ctrl-C reaches every program on the terminal, so that it would also end an stty, and with it the shell.
     */
    private static final String PROVIDERS = "jni,exec";

    private final ShellClient client;
    private final Path history;
    private volatile boolean running;

    /** @param history where lines are kept from one session to the next */
    public Interactive(ShellClient client, Path history) {
        this.client = client;
        this.history = history;
    }

    /** On the terminal of this process. */
    int run() throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().system(true).providers(PROVIDERS).nativeSignals(true).build()) {
            return run(terminal);
        }
    }

    /**
     * Until the end of input, {@code exit} or {@code quit}.
     *
     * @return the exit status of the last command
     */
    public int run(Terminal terminal) throws IOException {
        interruptBy(terminal);
        if (terminal.getWidth() <= 0) {
            terminal.setSize(new Size(80, 24)); // it does not say
        }
        DefaultParser parser = new DefaultParser();
        parser.setEscapeChars(null); // the gateway reads the line: here it is only cut into words
        LineReader reader = LineReaderBuilder.builder().terminal(terminal).appName("ringfence").parser(parser)
                .completer((r, line, candidates) -> complete(line.line().substring(0, line.cursor()), candidates))
                .variable(LineReader.HISTORY_FILE, history).variable(LineReader.HISTORY_SIZE, HISTORY_LINES)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true).build();
        return lines(reader, terminal);
    }

    /** Runs one command on a terminal, where Ctrl-C ends it. */
    public int run(Terminal terminal, String line) throws IOException {
        interruptBy(terminal);
        return command(terminal, line);
    }

    private void interruptBy(Terminal terminal) {
        terminal.handle(Terminal.Signal.INT, signal -> {
            if (running) {
                client.interrupt();
            }
        });
    }

    private int command(Terminal terminal, String line) throws IOException {
        int rows = terminal.getHeight();
        int columns = terminal.getWidth();
        running = true;
        try {
            return apart(() -> {
                client.terminal(rows, columns);
                return client.run(line);
            });
        } finally {
            running = false;
        }
    }

    /**
     * Speaks to the gateway on a thread of its own. The line editor interrupts the thread that reads a line when Ctrl-C comes, maybe a moment
     * after the line has ended; and a channel that a thread is interrupted at is closed.
     */
    private <T> T apart(Callable<T> conversation) throws IOException {
        FutureTask<T> task = new FutureTask<>(conversation);
        Thread thread = new Thread(task, "shell-client");
        thread.setDaemon(true);
        thread.start();
        while (true) {
            try {
                return task.get();
            } catch (InterruptedException e) {
                if (running) {
                    client.interrupt();
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
            }
        }
    }

    private void complete(String line, java.util.List<Candidate> candidates) {
        try {
            apart(() -> client.complete(line)).forEach(word -> candidates.add(new Candidate(word)));
        } catch (IOException e) {
            // the next command says that the gateway is gone
        }
    }

    private int lines(LineReader reader, Terminal terminal) throws IOException {
        int status = 0;
        while (true) {
            String line;
            try {
                line = reader.readLine("ringfence> ").strip();
            } catch (UserInterruptException e) {
                continue;
            } catch (EndOfFileException e) {
                return status;
            }
            if (line.equals("exit") || line.equals("quit")) {
                return status;
            }
            if (!line.isEmpty() && !line.startsWith("#")) {
                status = command(terminal, line);
            }
        }
    }
}
