package org.ringfence.shell.command;

import java.util.TreeMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:help}: the commands. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "help"})
public final class HelpCommand extends Command {
    private final Commands commands;

    @Activate
    public HelpCommand(@Reference Commands commands) {
        super(new Usage("help", "the commands, or how to call one of them").optional("COMMAND", "its name", commands::names));
        this.commands = commands;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        if (arguments.has("COMMAND")) {
            String name = arguments.get("COMMAND").replaceFirst("^ringfence:", "");
            Usage usage = commands.usage(name);
            if (usage != null) {
                return usage.help();
            }
            throw new Failure(Failure.FAILED, "help: there is no command '" + name + "': 'help' lists them"
                    + (commands.others().contains(name) ? "; for this one of the platform write 'felix:help " + name + "'" : ""));
        }
        Rows rows = new Rows("none").text("command", "what it shows or does");
        new TreeMap<>(commands.summaries()).forEach(rows::row);
        return rows + "\n\nEach has --help. 'felix:help' lists the platform's own commands: felix:start, scr:list and others.";
    }
}
