package org.ringfence.shell.command;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.transport.RegionUsage;
import org.ringfence.shell.text.Rows;
import org.ringfence.shell.text.Units;

/** {@code ringfence:ring}: how full the regions are. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "ring"})
public final class RingCommand extends Command {
    private final Lookup lookup;

    @Activate
    public RingCommand(@Reference Lookup lookup) {
        super(new Usage("ring", "how full each region is (used/all), and how often its sides woke each other")
                .flag("--json", "for scripts"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("no region: neither an INS nor an application is attached").number("region").text("peer", "name")
                .onlyShown("slots").onlyShown("commands").onlyShown("cells").onlyShown("pool")
                .onlyJson("slots_used", "slots", "commands_waiting", "commands", "cells_claimed", "cells", "pool_used", "pool")
                .number("bells-sent/s", "bells-heard/s");
        lookup.gateway().rings().forEach(ring -> {
            RegionUsage u = ring.usage();
            rows.row(ring.region(), ring.peer(), ring.name(), u.openSlots() + "/" + u.slots(), u.commandsWaiting() + "/" + u.commands(),
                    (u.cellsClaimed() < 0 ? "-" : Integer.toString(u.cellsClaimed())) + "/" + u.cells(),
                    Units.bytes(u.poolUsed()) + "/" + Units.bytes(u.poolBytes()),
                    u.openSlots(), u.slots(), u.commandsWaiting(), u.commands(), u.cellsClaimed() < 0 ? null : u.cellsClaimed(), u.cells(),
                    u.poolUsed(), u.poolBytes(), ring.wakesSentPerSecond(), ring.wakesReceivedPerSecond());
        });
        return rows;
    }
}
