package org.ringfence.shell.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * How a command is called: its options and operands, from which its help, its completion and the reading of its arguments follow.
 * Filled by the command's constructor, then only read.
 */
public final class Usage {
    private static final List<String> NONE = List.of();

    private record Option(String name, String value, String help, Supplier<List<String>> values) {
        String form() {
            return value == null ? name : name + " " + value;
        }
    }

    private record Operand(String name, boolean required, String help, Supplier<List<String>> values) {
    }

    private final String name;
    private final String summary;
    private final List<Option> options = new ArrayList<>();
    private final List<Operand> operands = new ArrayList<>();
    private final List<String> examples = new ArrayList<>();

    /** @param summary one line, without a period */
    public Usage(String name, String summary) {
        this.name = name;
        this.summary = summary;
    }

    /** An option without a value. */
    public Usage flag(String option, String help) {
        options.add(new Option(option, null, help, () -> NONE));
        return this;
    }

    /** An option with a value: {@code --app NAME} or {@code --app=NAME}. */
    public Usage option(String option, String value, String help, Supplier<List<String>> values) {
        options.add(new Option(option, value, help, values));
        return this;
    }

    public Usage option(String option, String value, String help) {
        return option(option, value, help, () -> NONE);
    }

    /** An operand that must be there. */
    public Usage operand(String operand, String help, Supplier<List<String>> values) {
        operands.add(new Operand(operand, true, help, values));
        return this;
    }

    /** An operand that may be left out. */
    public Usage optional(String operand, String help, Supplier<List<String>> values) {
        operands.add(new Operand(operand, false, help, values));
        return this;
    }

    public Usage example(String example) {
        examples.add(example);
        return this;
    }

    public String name() {
        return name;
    }

    public String summary() {
        return summary;
    }

    /** How the command is called, on one line. */
    public String form() {
        StringBuilder text = new StringBuilder(name);
        options.forEach(option -> text.append(" [").append(option.form()).append(']'));
        operands.forEach(operand -> text.append(operand.required ? " " + operand.name : " [" + operand.name + "]"));
        return text.toString();
    }

    /** What {@code --help} shows. */
    public String help() {
        StringBuilder text = new StringBuilder("usage: ");
        StringBuilder line = new StringBuilder(name);
        for (String word : form().substring(name.length()).strip().split(" (?=\\[|[A-Z])")) {
            if (line.length() + word.length() + 8 > org.ringfence.shell.text.Table.WIDTH) {
                text.append(line).append('\n');
                line = new StringBuilder("         ");
            }
            line.append(word.isEmpty() ? "" : " ").append(word);
        }
        text.append(line).append("\n\n").append(summary).append('.');
        int width = "--help".length();
        for (Option option : options) {
            width = Math.max(width, option.form().length());
        }
        for (Operand operand : operands) {
            width = Math.max(width, operand.name.length());
        }
        text.append("\n");
        for (Operand operand : operands) {
            text.append("\n  ").append(pad(operand.name, width)).append("  ").append(operand.help);
        }
        for (Option option : options) {
            text.append("\n  ").append(pad(option.form(), width)).append("  ").append(option.help);
        }
        text.append("\n  ").append(pad("--help", width)).append("  shows this");
        if (!examples.isEmpty()) {
            text.append("\n");
            examples.forEach(example -> text.append("\n  ").append(example));
        }
        return text.toString();
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }

    /**
     * Reads a call's arguments.
     *
     * @throws Failure naming what is wrong and what to write
     */
    Arguments read(List<String> words) {
        Map<String, String> given = new TreeMap<>();
        List<String> rest = new ArrayList<>();
        boolean onlyOperands = false;
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (onlyOperands || !word.startsWith("--")) {
                if (!onlyOperands && word.matches("-[A-Za-z].*")) {
                    throw wrong("option '" + word + "' is unknown: options begin with --, and '" + name + " --help' shows them");
                }
                rest.add(word);
            } else if (word.equals("--")) {
                onlyOperands = true;
            } else {
                int equals = word.indexOf('=');
                Option option = option(equals < 0 ? word : word.substring(0, equals));
                if (option.value == null) {
                    if (equals >= 0) {
                        throw wrong("option '" + option.name + "' takes no value: leave out '" + word.substring(equals) + "'");
                    }
                    given.put(option.name, "");
                } else if (equals >= 0) {
                    given.put(option.name, word.substring(equals + 1));
                } else if (i + 1 < words.size()) {
                    given.put(option.name, words.get(++i));
                } else {
                    throw wrong("option '" + option.name + "' wants a value: write " + option.form());
                }
            }
        }
        long required = operands.stream().filter(Operand::required).count();
        if (rest.size() < required) {
            throw wrong(operands.get(rest.size()).name + " is missing: write " + form());
        }
        if (rest.size() > operands.size()) {
            throw wrong("'" + rest.get(operands.size()) + "' is one argument too many: write " + form());
        }
        Map<String, String> named = new TreeMap<>();
        for (int i = 0; i < rest.size(); i++) {
            named.put(operands.get(i).name, rest.get(i));
        }
        return new Arguments(this, given, named);
    }

    private Option option(String option) {
        for (Option known : options) {
            if (known.name.equals(option)) {
                return known;
            }
        }
        throw wrong("option '" + option + "' is unknown: '" + name + " --help' shows the options");
    }

    Failure wrong(String what) {
        return new Failure(Failure.USAGE, name + ": " + what);
    }

    /**
     * What may stand in the place of the last word.
     *
     * @param words those before it, without the command's name
     */
    public List<String> candidates(List<String> words, String last) {
        List<String> all = new ArrayList<>();
        String before = words.isEmpty() ? "" : words.get(words.size() - 1);
        Option open = options.stream().filter(option -> option.value != null && option.name.equals(before)).findFirst().orElse(null);
        if (open != null) {
            all.addAll(open.values.get());
        } else if (last.startsWith("-")) {
            options.forEach(option -> all.add(option.name));
            all.add("--help");
        } else {
            int operand = operandsIn(words);
            if (operand < operands.size()) {
                all.addAll(operands.get(operand).values.get());
            }
            if (all.isEmpty() && last.isEmpty()) {
                options.forEach(option -> all.add(option.name));
            }
        }
        all.removeIf(candidate -> !candidate.startsWith(last));
        return all;
    }

    private int operandsIn(List<String> words) {
        int count = 0;
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.startsWith("--")) {
                i += options.stream().anyMatch(option -> option.value != null && option.name.equals(word)) ? 1 : 0;
            } else {
                count++;
            }
        }
        return count;
    }
}
