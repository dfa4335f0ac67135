package org.ringfence.shell.command;

import java.io.InputStream;
import java.io.PrintStream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;

/** What a command shows while it runs, and whether somebody looks at it on a terminal. */
public final class Screen {
    /** Session variables that a session with a terminal has: its size, in characters. */
    public static final String ROWS = "ringfence.rows";
    public static final String COLUMNS = "ringfence.columns";

    private static final String CLEAR = "\033[H\033[2J";

    private final CommandSession session;

    Screen(CommandSession session) {
        this.session = session;
    }

    /** In a pipeline that is the next command's input, and not the session's output. */
    private PrintStream out() {
        Process process = Process.Utils.current();
        return process == null || process.out() == null ? session.getConsole() : process.out();
    }

    /** What the command before this one in a pipeline writes; nothing if there is none. */
    InputStream input() {
        Process process = Process.Utils.current();
        return process == null || process.in() == null ? session.getKeyboard() : process.in();
    }

    public boolean isTerminal() {
        return session.get(ROWS) instanceof Integer;
    }

    /** Lines of the terminal; {@code otherwise} if there is none. */
    public int rows(int otherwise) {
        return session.get(ROWS) instanceof Integer rows && rows > 0 ? rows : otherwise;
    }

    public void line(Object text) {
        out().println(text);
        out().flush();
    }

    /** Shows text in place of what was shown before; without a terminal after it. */
    public void replace(String text) {
        out().print(isTerminal() ? CLEAR + text + "\n" : text + "\n\n");
        out().flush();
    }

    /** True if nobody reads any more. */
    public boolean isGone() {
        return out().checkError() || Thread.currentThread().isInterrupted();
    }

    /** Waits; false if the session ended or the user pressed Ctrl-C meanwhile. */
    public boolean pause(long milliseconds) {
        if (isGone()) {
            return false;
        }
        try {
            Thread.sleep(milliseconds);
            return !isGone();
        } catch (InterruptedException e) {
            return false;
        }
    }
}
