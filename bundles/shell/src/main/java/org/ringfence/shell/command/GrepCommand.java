package org.ringfence.shell.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.osgi.service.component.annotations.Component;

/** {@code ringfence:grep}: the lines of what another command writes, {@code connections | grep nginx}. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "grep"})
public final class GrepCommand extends Command {
    public GrepCommand() {
        super(new Usage("grep", "the lines of another command in which a pattern is; status 1 if there is none")
                .operand("PATTERN", "a regular expression, as Java has them", java.util.List::of)
                .flag("--ignore-case", "small letters and capitals are the same").flag("--invert", "the lines in which it is not")
                .flag("--count", "how many lines").example("connections | grep nginx"));
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Pattern pattern = pattern(arguments);
        boolean wanted = !arguments.has("--invert");
        long found = 0;
        try {
            BufferedReader lines = new BufferedReader(new InputStreamReader(screen.input(), StandardCharsets.UTF_8));
            for (String line; (line = lines.readLine()) != null; ) {
                if (pattern.matcher(line).find() == wanted) {
                    found++;
                    if (!arguments.has("--count")) {
                        screen.line(line);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (arguments.has("--count")) {
            screen.line(found);
        }
        if (found == 0) {
            throw new Failure(Failure.FAILED, "");
        }
        return null;
    }

    private static Pattern pattern(Arguments arguments) {
        try {
            return Pattern.compile(arguments.get("PATTERN"), arguments.has("--ignore-case") ? Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE : 0);
        } catch (PatternSyntaxException e) {
            throw arguments.wrong("PATTERN '" + arguments.get("PATTERN") + "': " + e.getDescription() + ": write a regular expression, with \\ before ( [ { * + ? .");
        }
    }
}
