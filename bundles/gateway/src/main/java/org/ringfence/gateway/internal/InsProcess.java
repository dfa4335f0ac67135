package org.ringfence.gateway.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the INS, passes what it writes to the log, and starts it again when it ends. One thread of its own. */
final class InsProcess implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("ringfence.ins");
    private static final long FIRST_PAUSE = 100;
    private static final long LONGEST_PAUSE = 10_000;
    /** An INS that lived so long is not blamed for having ended. */
    private static final long HEALTHY_MILLISECONDS = 10_000;

    private final List<String> command;
    private final Starter starter;
    private final Consumer<String> log;
    private final Thread thread = new Thread(this, "ringfence-ins");
    private volatile boolean stopping;
    private volatile Process process;

    /** Starts a process: {@link ProcessBuilder#start}, but in tests of what may happen meanwhile. */
    interface Starter {
        Process start(ProcessBuilder builder) throws IOException;
    }

    /** @param command program and arguments, a line each; the socket is added */
    InsProcess(String command, Path socket) {
        this(command, socket, ProcessBuilder::start, line -> LOG.info("{}", line));
    }

    /** @param log gets what the INS writes, line by line, and no more of it than {@link BoundedLines} lets pass: it is not trusted */
    InsProcess(String command, Path socket, Starter starter, Consumer<String> log) {
        this.starter = starter;
        this.log = log;
        this.command = new ArrayList<>(List.of(command.split("\n")));
        this.command.add("--socket");
        this.command.add(socket.toString());
        thread.setDaemon(true);
    }

    /** Once its socket is there. Does nothing when it was started. */
    synchronized void start() {
        if (thread.getState() == Thread.State.NEW) {
            thread.start();
        }
    }

    @Override
    public void run() {
        long pause = FIRST_PAUSE;
        while (!stopping) {
            long started = System.nanoTime();
            runOnce();
            if (stopping) {
                return;
            }
            boolean healthy = System.nanoTime() - started > HEALTHY_MILLISECONDS * 1_000_000;
            pause = healthy ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
            LOG.warn("starting it again in {} ms", pause);
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void runOnce() {
        try {
            Process started = starter.start(new ProcessBuilder(command).redirectErrorStream(true));
            process = started;
            if (stopping) { // and close() may have come too early to see it
                started.destroy();
            }
            LOG.info("started '{}' as pid {}", String.join(" ", command), started.pid());
            try (InputStream output = started.getInputStream()) {
                started.getOutputStream().close();
                new BoundedLines(output, log, System::nanoTime).passAll();
            }
            int status = started.waitFor();
            if (!stopping) {
                LOG.warn("pid {} ended with status {}", started.pid(), status);
            }
        } catch (IOException e) {
            if (!stopping) {
                LOG.error("cannot start '{}': {}", String.join(" ", command), e.getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** It is about to end, for its gateway does: it is not started again. */
    void lastTime() {
        stopping = true;
    }

    @Override
    public void close() {
        lastTime();
        Process running = process;
        if (running != null) {
            running.destroy();
            try {
                if (!running.waitFor(2, TimeUnit.SECONDS)) {
                    running.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        thread.interrupt();
    }
}
