package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A started program and the lines it prints. */
final class Program implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;

    final Process process;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> said = new ArrayList<>();

    Program(Process process) {
        this.process = process;
        Thread reader = new Thread(() -> {
            try (BufferedReader output = process.inputReader()) {
                for (String line; (line = output.readLine()) != null; ) {
                    lines.add(line);
                }
            } catch (IOException e) {
                lines.add(e.getMessage());
            }
        });
        reader.setDaemon(true);
        reader.start();
    }

    /** The next line it prints. */
    String line() {
        try {
            String line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (line == null) {
                fail("the program said nothing for " + PATIENCE_SECONDS + " s; before: " + said);
            }
            said.add(line);
            return line;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The next line, which is a number. */
    int number() {
        String line = line();
        try {
            return Integer.parseInt(line);
        } catch (NumberFormatException e) {
            return fail("not a number: " + line + said + lines);
        }
    }

    void expect(String line) {
        assertEquals(line, line());
    }

    void tell(String line) {
        try {
            process.outputWriter().write(line + "\n");
            process.outputWriter().flush();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    int linesSoFar() {
        return said.size() + lines.size();
    }

    boolean hasSaidMore() {
        return !lines.isEmpty();
    }

    void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        kill();
        try {
            process.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
