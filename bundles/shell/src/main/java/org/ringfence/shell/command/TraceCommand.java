package org.ringfence.shell.command;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.api.call.Operation;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.gateway.Gateway;
import org.ringfence.shell.text.Json;
import org.ringfence.shell.text.Prefix;

/**
 * {@code ringfence:trace}: the calls of applications as they are answered. The gateway keeps the last ones in any case; this looks at them
 * ten times a second while somebody watches, and says how many it missed.
 */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "trace"})
public final class TraceCommand extends Command {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS");
    private static final long LOOK_MILLISECONDS = 100;
    private static final List<String> CALLS = Arrays.stream(Operation.values()).map(o -> o.name().toLowerCase(Locale.ROOT)).toList();

    private final Lookup lookup;

    @Activate
    public TraceCommand(@Reference Lookup lookup) {
        super(new Usage("trace", "calls as they are answered, like strace, with verdict and latency; until Ctrl-C")
                .option("--app", "NAME", "only those of an application", () -> ConnectionsCommand.names(lookup))
                .option("--call", "CALLS", "only these, separated by commas, as in the example", () -> CALLS)
                .option("--remote", "CIDR", "only those that name a peer in a prefix")
                .option("--last", "N", "the last N calls instead, at most 1024, those under way included")
                .option("--count", "N", "ends after N calls")
                .option("--for", "TIME", "ends after a time, like 30s")
                .flag("--json", "an object a line, for scripts")
                .example("trace --app nginx --call connect,accept --remote 192.0.2.0/24"));
        this.lookup = lookup;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Predicate<CallReport> filter = filter(arguments);
        boolean json = arguments.has("--json");
        if (arguments.has("--last")) {
            long last = arguments.number("--last", 1, 1024, 40);
            List<CallReport> calls = lookup.gateway().trace(1024).stream().filter(filter).toList();
            List<CallReport> shown = calls.subList(Math.max(0, calls.size() - (int) last), calls.size());
            shown.forEach(call -> screen.line(json ? Json.of(object(call)) : line(call)));
            if (shown.isEmpty() && !json) {
                screen.line("no call yet");
            }
            return null;
        }
        follow(filter, arguments.number("--count", 1, Long.MAX_VALUE, Long.MAX_VALUE),
                System.nanoTime() + arguments.span("--for", 1, 365L * 86_400_000) * 1_000_000, json, screen);
        return null;
    }

    private Predicate<CallReport> filter(Arguments arguments) {
        String app = arguments.get("--app");
        List<String> names = arguments.has("--call") ? List.of(arguments.get("--call").toLowerCase(Locale.ROOT).split(",")) : CALLS;
        names.stream().filter(name -> !CALLS.contains(name)).findFirst().ifPresent(name -> {
            throw arguments.wrong("--call '" + name + "' is unknown: write some of " + String.join(",", CALLS));
        });
        Prefix remote;
        try {
            remote = arguments.has("--remote") ? Prefix.parse(arguments.get("--remote")) : null;
        } catch (IllegalArgumentException e) {
            throw arguments.wrong("--remote " + e.getMessage());
        }
        boolean all = !arguments.has("--call");
        return call -> (app == null || call.application().equals(app)) && (all || names.contains(call.name()))
                && (remote == null || remote.holdsPeer(call.peer()));
    }

    private void follow(Predicate<CallReport> filter, long count, long end, boolean json, Screen screen) {
        long shown = 0;
        long seen = lookup.gateway().answers();
        while (System.nanoTime() - end < 0 && screen.pause(LOOK_MILLISECONDS)) {
            Gateway gateway = lookup.gateway();
            for (CallReport call : gateway.answeredAfter(seen)) {
                if (call.completion() > seen + 1 && !json) {
                    screen.line("... " + (call.completion() - seen - 1) + " calls were too many to be kept until this look");
                }
                seen = call.completion();
                if (filter.test(call)) {
                    screen.line(json ? Json.of(object(call)) : line(call));
                    if (++shown == count) {
                        return;
                    }
                }
            }
        }
    }

    /** As strace writes it, with the application's name in front and the verdict behind. */
    static String line(CallReport call) {
        String time = TIME.format(Instant.EPOCH.plus(call.epochMicroseconds(), ChronoUnit.MICROS).atZone(ZoneId.systemDefault()));
        String verdict = call.verdict().isEmpty() ? "" : "  " + call.verdict() + " (" + call.decidedBy() + ")";
        String result = !call.answered() ? "? <unfinished ...>" : (call.error().isEmpty() ? Long.toString(call.result()) : "-1 " + call.error())
                + String.format(Locale.ROOT, " <%d.%06d>", call.microseconds() / 1_000_000, call.microseconds() % 1_000_000);
        return time + " " + call.application() + " " + call.call() + " = " + result + verdict;
    }

    private static Map<String, Object> object(CallReport call) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("time", Instant.EPOCH.plus(call.epochMicroseconds(), ChronoUnit.MICROS).toString());
        map.put("app", call.application());
        map.put("slot", call.slot());
        map.put("call", call.name());
        map.put("text", call.call());
        map.put("peer", call.peer().isEmpty() ? null : call.peer());
        map.put("answered", call.answered());
        map.put("result", call.error().isEmpty() ? call.result() : -1);
        map.put("errno", call.error().isEmpty() ? null : call.error());
        map.put("microseconds", call.microseconds());
        map.put("verdict", call.verdict().isEmpty() ? null : call.verdict());
        map.put("by", call.verdict().isEmpty() ? null : call.decidedBy());
        return map;
    }
}
