package org.ringfence.shell.command;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.ringfence.shell.text.Units;

/** The arguments of one call of a command. Reading one that is wrong throws a {@link Failure} that says what to write instead. */
public final class Arguments {
    private final Usage usage;
    private final Map<String, String> options;
    private final Map<String, String> operands;

    Arguments(Usage usage, Map<String, String> options, Map<String, String> operands) {
        this.usage = usage;
        this.options = options;
        this.operands = operands;
    }

    /** True if an option was given, or an operand. */
    public boolean has(String name) {
        return options.containsKey(name) || operands.containsKey(name);
    }

    /** The value of an option or an operand; null if it was not given. */
    public String get(String name) {
        String value = options.get(name);
        return value != null ? value : operands.get(name);
    }

    public String get(String name, String otherwise) {
        return has(name) ? get(name) : otherwise;
    }

    public long number(String name, long least, long most, long otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        try {
            long number = Long.parseLong(get(name));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(name + " '" + get(name) + "' is no number from " + least + (most == Long.MAX_VALUE ? " on" : " to " + most)
                + ": write one, like " + name + " " + Math.max(least, 1));
    }

    /** A time span in milliseconds. */
    public long span(String name, long least, long otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        try {
            long milliseconds = Units.parseSpan(get(name));
            if (milliseconds >= least) {
                return milliseconds;
            }
        } catch (IllegalArgumentException e) {
            throw wrong(name + " " + e.getMessage());
        }
        throw wrong(name + " '" + get(name) + "' is too short: write " + Units.span(least) + " or more");
    }

    /** One of some words. */
    public String oneOf(String name, String otherwise, String... words) {
        String given = get(name, otherwise);
        if (given != null && !Arrays.asList(words).contains(given.toLowerCase(Locale.ROOT))) {
            throw wrong(name + " '" + given + "' is unknown: write one of " + String.join(", ", List.of(words)));
        }
        return given == null ? null : given.toLowerCase(Locale.ROOT);
    }

    /** The call was wrong in what only the command itself can tell. */
    public Failure wrong(String what) {
        return usage.wrong(what);
    }
}
