package org.ringfence.shell.command;

import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.ringfence.shell.text.Json;

/**
 * One command of the scope {@code ringfence}: a service that Gogo calls. Its {@link Usage} gives it {@code --help}, completion and the
 * reading of its arguments; a subclass only does the work. May be called by several sessions at a time.
 */
public abstract class Command implements Function {
    /** Service property of every command, so that they are found. */
    public static final String SCOPE = "osgi.command.scope=ringfence";
    public static final String FUNCTION = "osgi.command.function=";

    private final Usage usage;

    protected Command(Usage usage) {
        this.usage = usage;
    }

    public final Usage usage() {
        return usage;
    }

    @Override
    public final Object execute(CommandSession session, List<Object> words) throws Exception {
        List<String> given = words.stream().map(String::valueOf).toList();
        if (given.contains("--help") || given.contains("-h")) {
            return usage.help();
        }
        Arguments arguments = usage.read(given);
        try {
            Object result = run(arguments, new Screen(session));
            return result == null ? null : arguments.has("--json") ? Json.of(result) : result.toString();
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new Failure(Failure.FAILED, usage.name() + ": " + e.getMessage());
        }
    }

    /**
     * Does what the command does.
     *
     * @return what it has to say: with {@code --json} rows, maps and lists are written as such; null for nothing
     */
    protected abstract Object run(Arguments arguments, Screen screen) throws Exception;
}
