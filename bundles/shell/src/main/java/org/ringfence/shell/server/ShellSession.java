package org.ringfence.shell.server;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;

import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Job;
import org.ringfence.shell.command.Failure;
import org.ringfence.shell.command.Screen;
import org.ringfence.shell.protocol.Duplex;
import org.ringfence.shell.protocol.Frame;
import org.ringfence.shell.protocol.FrameOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the shell: reads command frames, runs them in one Gogo session, sends output and status.
 *
 * <p>Two threads: one reads, so that the end of the connection is noticed while a command runs; the other executes
 * and is interrupted then. Output of commands is written by the executing thread and by threads of Gogo's pipelines.
 */
final class ShellSession {

    /** Scopes searched, in this order, for a command without a scope. */
    private static final String SCOPE = "ringfence:felix:scr:gogo:*";

    private static final Logger LOG = LoggerFactory.getLogger(ShellSession.class);

    /** How often, and after how long, an interrupt looks again for a command that is about to run. */
    private static final int INTERRUPT_TRIES = 40;
    private static final long INTERRUPT_NANOSECONDS = 25_000_000;
    /** So many frames may wait; whoever sends more waits himself. A client sends its next command after the status of the one before. */
    private static final int WAITING = 16;
    /** Stands for the end of the connection in the queue of commands. */
    private static final Frame END = new Frame((byte) 0, new byte[0]);

    private final CommandProcessor processor;
    private final SocketChannel peer;
    private final Consumer<ShellSession> onEnd;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final BlockingQueue<Frame> commands = new LinkedBlockingQueue<>(WAITING);
    private final Thread reader = new Thread(this::read, "shell-read");
    private final Thread executor = new Thread(this::execute, "shell-execute");
    private final AtomicBoolean closed = new AtomicBoolean();
    /** Commands that have been read and not been carried out. */
    private final AtomicInteger unfinished = new AtomicInteger();
    private final Function<String, List<String>> completer;
    /** Gogo's session; null before it is made. */
    private volatile CommandSession running;

    /**
     * @param completer what the last word of a line may become
     * @param peer the connection; owned by the session from here on
     * @param onEnd told, from any thread, when the session has ended
     */
    ShellSession(CommandProcessor processor, Function<String, List<String>> completer, SocketChannel peer, Consumer<ShellSession> onEnd) {
        this.processor = processor;
        this.completer = completer;
        this.peer = peer;
        this.onEnd = onEnd;
        this.in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(peer)));
        this.out = new DataOutputStream(new BufferedOutputStream(Duplex.output(peer)));
    }

    void start() {
        reader.setDaemon(true);
        executor.setDaemon(true);
        reader.start();
        executor.start();
    }

    /** Ends the session: closes the connection and interrupts the running command. Any thread. */
    void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                peer.close();
            } catch (IOException e) {
                LOG.debug("shell: closing a connection: {}", e.getMessage());
            }
            commands.clear(); // so there is room, also for what the reader is about to put
            commands.add(END);
            executor.interrupt();
            onEnd.accept(this);
        }
    }

    private void read() {
        try {
            for (Frame frame = Frame.readFrom(in); frame != null; frame = Frame.readFrom(in)) {
                if (frame.type() == Frame.INTERRUPT) {
                    interrupt();
                    continue;
                }
                if (frame.type() != Frame.COMMAND && frame.type() != Frame.TERMINAL && frame.type() != Frame.QUESTION && frame.type() != Frame.PING) {
                    throw new IOException("shell protocol: frame of type " + frame.type() + ", expected a command: "
                            + "not a shell client, or of a different version");
                }
                if (frame.type() == Frame.COMMAND) {
                    unfinished.incrementAndGet();
                }
                commands.put(frame);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            if (!closed.get()) {
                LOG.info("shell: session ended: {}", e.getMessage());
            }
        } finally {
            close();
        }
    }

    private void execute() {
        FrameOutputStream output = new FrameOutputStream(out, Frame.OUTPUT);
        FrameOutputStream error = new FrameOutputStream(out, Frame.ERROR);
        try (PrintStream stdout = new PrintStream(output, false, StandardCharsets.UTF_8);
                PrintStream stderr = new PrintStream(error, false, StandardCharsets.UTF_8);
                CommandSession session =
                        processor.createSession(InputStream.nullInputStream(), stdout, stderr)) {
            session.put("SCOPE", SCOPE);
            running = session;
            for (Frame frame = next(); frame != END; frame = next()) {
                if (frame.type() != Frame.COMMAND) {
                    answer(session, frame);
                    continue;
                }
                int status = run(session, frame.text(), stdout, stderr);
                unfinished.decrementAndGet();
                Thread.interrupted(); // of the command that has ended
                stdout.flush();
                stderr.flush();
                synchronized (out) {
                    Frame.status(status).writeTo(out);
                    out.flush();
                }
            }
        } catch (InterruptedException | IOException e) {
            LOG.debug("shell: session ended: {}", e.toString());
        } finally {
            close();
        }
    }

    /**
     * Ends the command that runs, which Gogo may run in a thread of its own, or the one that is about to run. Not while it writes: that would
     * close the connection. Thread of the reader.
     */
    private void interrupt() {
        for (int tries = 0; tries < INTERRUPT_TRIES && unfinished.get() > 0 && !closed.get(); tries++) {
            CommandSession session = running;
            Job job = session == null ? null : session.foregroundJob();
            if (job != null) {
                synchronized (out) {
                    job.interrupt();
                }
                return;
            }
            LockSupport.parkNanos(INTERRUPT_NANOSECONDS);
        }
    }

    /** An interrupt that came when nothing ran is of no consequence. */
    private Frame next() throws InterruptedException {
        while (!closed.get()) {
            try {
                return commands.take();
            } catch (InterruptedException e) {
                if (closed.get()) {
                    throw e;
                }
            }
        }
        return END;
    }

    private void answer(CommandSession session, Frame frame) throws IOException {
        if (frame.type() == Frame.TERMINAL) {
            session.put(Screen.ROWS, frame.number(0));
            session.put(Screen.COLUMNS, frame.number(1));
            return;
        }
        synchronized (out) {
            (frame.type() == Frame.PING ? frame : Frame.candidates(completer.apply(frame.text()))).writeTo(out);
            out.flush();
        }
    }

    /** Anything a command throws is the command's failure and not the session's, so everything is caught. */
    private static int run(CommandSession session, String line, PrintStream stdout, PrintStream stderr) {
        try {
            Object result = session.execute(line);
            if (result != null) {
                stdout.println(session.format(result, Converter.INSPECT));
            }
            return 0;
        } catch (InterruptedException | CancellationException e) {
            return Frame.INTERRUPTED;
        } catch (Failure e) {
            if (!e.getMessage().isEmpty()) { // its status says all
                stderr.println(e.getMessage());
            }
            return e.status();
        } catch (Exception | LinkageError e) {
            LOG.debug("shell: '{}' failed", line, e);
            stderr.println(reason(e));
            return Frame.FAILED;
        }
    }

    private static String reason(Throwable thrown) {
        if (thrown.getClass().getSimpleName().equals("CommandNotFoundException")) {
            return thrown.getMessage().replaceFirst("^Command not found: *", "there is no command '") + "': 'help' lists the commands";
        }
        String message = thrown.getMessage();
        if (message != null && message.startsWith("Cannot coerce ")) { // of a command of the platform, in the words of Gogo
            String command = message.substring("Cannot coerce ".length()).replaceFirst("\\(.*", "");
            return command + ": it is not called like this, or what it is called with is not there: 'felix:help " + command + "' shows how, 'bundles' the bundles";
        }
        return message == null ? thrown.toString() : message.strip().replaceAll("\\s*\\R\\s*", ": ");
    }
}
