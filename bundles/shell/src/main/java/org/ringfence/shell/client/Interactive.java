package org.ringfence.shell.client;

import java.io.IOException;
import java.nio.file.Path;
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
 * command that runs, and Ctrl-D the shell. In the thread of {@code main}; the terminal's signals come on another one.
 */
final class Interactive {
    private static final int HISTORY_LINES = 1000;

    private final ShellClient client;
    private final Path history;
    private volatile boolean running;

    /** @param history where lines are kept from one session to the next */
    Interactive(ShellClient client, Path history) {
        this.client = client;
        this.history = history;
    }

    int run() throws IOException {
        // "exec" asks stty(1): no native code is unpacked for it
        try (Terminal terminal = TerminalBuilder.builder().system(true).provider("exec").nativeSignals(true).build()) {
            terminal.handle(Terminal.Signal.INT, signal -> {
                if (running) {
                    client.interrupt();
                }
            });
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
    }

    private void complete(String line, java.util.List<Candidate> candidates) {
        try {
            client.complete(line).forEach(word -> candidates.add(new Candidate(word)));
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
                client.terminal(terminal.getHeight(), terminal.getWidth());
                running = true;
                try {
                    status = client.run(line);
                } finally {
                    running = false;
                }
            }
        }
    }
}
