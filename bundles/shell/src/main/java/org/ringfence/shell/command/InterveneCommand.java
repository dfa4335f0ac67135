package org.ringfence.shell.command;

import java.util.function.ObjLongConsumer;
import org.ringfence.api.gateway.Gateway;

/** What {@code reset}, {@code hold} and {@code release} have in common: they do something to one connection. */
abstract class InterveneCommand extends Command {
    private final Lookup lookup;
    private final ObjLongConsumer<Gateway> action;
    private final String done;

    InterveneCommand(String name, String summary, Lookup lookup, ObjLongConsumer<Gateway> action, String done) {
        super(new Usage(name, summary).operand("ID", "the connection's number, as 'connections' shows it", () -> ConnectionCommand.ids(lookup)));
        this.lookup = lookup;
        this.action = action;
        this.done = done;
    }

    @Override
    protected final Object run(Arguments arguments, Screen screen) {
        long id = arguments.number("ID", 1, Long.MAX_VALUE, 0);
        action.accept(lookup.gateway(), id);
        return "connection " + id + " " + done;
    }
}
