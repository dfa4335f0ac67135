package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.Operation;

/**
 * What becomes of each of the 1,319 rows of linux-netbsd-abi.tsv: it is translated, refused on purpose, or no call carries it. The
 * table in docs/translation.md, "The rows of the table", says the same by group.
 */
class RowsTest {
    private static final int ROWS = 1319;

    private enum Fate {
        /** A call with Linux's number goes on with NetBSD's. */
        TRANSLATED,
        /** A call with Linux's number is answered with an errno. */
        REFUSED,
        /** No call carries such a number, or a program of Linux has none. */
        NOT_APPLICABLE
    }

    /** Groups no call carries, see the page. */
    private static final List<String> ELSEWHERE = List.of("msg", "scm", "layout", "fcntl", "open", "ioctl", "ifflag", "poll", "syscall",
            "limit", "mcast", "inaddr", "tcpopt_wire", "so_dec", "pf");

    private final AbiTable abi = new AbiTable();
    private final OptionTable options = new OptionTable(abi);
    private final NetbsdTranslator netbsd = new NetbsdTranslator();
    private final LinuxTranslator linux = new LinuxTranslator();
    private final CallContext context = new CallContext();

    private Fate fate(AbiTable.Row row) {
        if (ELSEWHERE.contains(row.group()) || row.linux() == null) {
            return Fate.NOT_APPLICABLE;
        }
        return switch (row.group()) {
            case "af" -> socket(row, row.linux(), 1, 0, row.netbsd());
            case "socktype" -> socket(row, 2, row.linux(), 0, null);
            case "sockflag" -> socket(row, 2, 1 | row.linux(), 0, null);
            case "ipproto" -> protocol(row);
            case "level" -> row.name().equals("SOMAXCONN") ? backlog(row) : level(row);
            case "so" -> option(row, 1, row.linux());
            case "tcp" -> option(row, 6, row.linux());
            case "ip" -> option(row, 0, row.linux());
            case "ipv6" -> option(row, 41, row.linux());
            case "errno" -> errno(row);
            case "shut" -> shutdown(row);
            default -> throw new AssertionError("group " + row.group() + " is not thought of");
        };
    }

    /** @param expected the domain that goes on, or null if it stays */
    private Fate socket(AbiTable.Row row, int domain, int type, int protocol, Integer expected) {
        Call call = Calls.call(Operation.SOCKET, domain, type, protocol);
        int error = netbsd.call(call, context);
        if (error == 0) {
            assertEquals(expected == null ? domain : (long) expected, call.arguments[0], row.toString());
            assertEquals(type, call.arguments[1], row.toString());
            return Fate.TRANSLATED;
        }
        assertTrue(error == abi.linux("errno", "EAFNOSUPPORT") || error == abi.linux("errno", "ESOCKTNOSUPPORT")
                || error == LinuxErrno.EINVAL || error == LinuxErrno.EPROTONOSUPPORT, row + ": errno " + error);
        return Fate.REFUSED;
    }

    private Fate protocol(AbiTable.Row row) {
        Fate stream = socket(row, 2, 1, row.linux(), null);
        Fate datagrams = socket(row, 2, 2, row.linux(), null);
        return stream == Fate.TRANSLATED ? stream : datagrams;
    }

    private Fate option(AbiTable.Row row, int level, int name) {
        SocketOption option = options.find(level, name);
        Call set = Calls.with(Calls.call(Operation.SETSOCKOPT, level, name), option == null || option.set() == null ? new byte[52]
                : OptionsTest.sample(option.set()));
        Call get = Calls.call(Operation.GETSOCKOPT, level, name, 384);
        int setting = netbsd.call(set, context);
        int reading = netbsd.call(get, context);
        if (setting != 0 && reading != 0) {
            assertTrue(setting == LinuxErrno.ENOPROTOOPT || setting == LinuxErrno.EPERM, row + ": errno " + setting);
            assertTrue(reading == LinuxErrno.ENOPROTOOPT || reading == LinuxErrno.EPERM, row + ": errno " + reading);
            return Fate.REFUSED;
        }
        assertNotNull(option, row.toString());
        // the row of its own name, and not one that only has the same number, has the number that goes on
        if (option.way() == SocketOption.Way.DIRECT && row.netbsd() != null && abi.find(row.group(), row.name()) == row
                && named(row) && setting == 0) {
            assertEquals((long) option.netbsdName(), set.arguments[1], row.toString());
        }
        return Fate.TRANSLATED;
    }

    /** A level that has options. */
    private Fate level(AbiTable.Row row) {
        assertEquals(Fate.REFUSED, option(row, row.linux(), 9999));
        for (SocketOption option : options.all()) {
            if (option.level() == row.linux() && option.way() == SocketOption.Way.DIRECT) {
                if (row.netbsd() != null) { // SOL_TCP and its like are names of Linux alone
                    assertEquals((long) row.netbsd(), option.netbsdLevel(), row.toString());
                }
                return Fate.TRANSLATED;
            }
        }
        return Fate.REFUSED;
    }

    private boolean named(AbiTable.Row row) {
        for (TableReader.Line line : TableReader.read("options.tsv", 5)) {
            if (line.cells()[1].equals(row.name())) {
                return true;
            }
        }
        return false;
    }

    private Fate backlog(AbiTable.Row row) {
        Call call = Calls.call(Operation.LISTEN, Integer.MAX_VALUE);
        assertEquals(0, netbsd.call(call, context));
        assertEquals((long) row.netbsd(), call.arguments[0]);
        return Fate.TRANSLATED;
    }

    private Fate errno(AbiTable.Row row) {
        assertEquals(row.linux(), linux.error(row.linux()), row.name());
        if (row.netbsd() == null) {
            return Fate.NOT_APPLICABLE; // an errno that NetBSD cannot answer with
        }
        assertEquals(row.linux(), netbsd.error(row.netbsd()), row.name());
        return Fate.TRANSLATED;
    }

    private Fate shutdown(AbiTable.Row row) {
        Call call = Calls.call(Operation.SHUTDOWN, row.linux());
        assertEquals(0, netbsd.call(call, context));
        assertEquals((long) row.netbsd(), call.arguments[0]);
        return Fate.TRANSLATED;
    }

    @Test
    void everyRowIsTranslatedRefusedOrNotApplicableAndThePageSaysSo() throws IOException {
        Map<String, int[]> groups = new LinkedHashMap<>();
        int rows = 0;
        for (AbiTable.Row row : abi.rows()) {
            groups.computeIfAbsent(row.group(), g -> new int[Fate.values().length])[fate(row).ordinal()]++;
            rows++;
        }
        assertEquals(ROWS, rows);
        List<String> page = Files.readAllLines(Path.of("..", "docs", "translation.md"));
        List<String> missing = new ArrayList<>();
        groups.forEach((group, count) -> {
            String line = "| " + group + " | " + (count[0] + count[1] + count[2]) + " |";
            if (page.stream().noneMatch(l -> l.startsWith(line))) {
                missing.add(line);
            }
        });
        assertTrue(missing.isEmpty(), "docs/translation.md has not:\n" + String.join("\n", missing));
    }

    @Test
    void whatIsNotTranslatedBecauseItIsTheSameIsTheSame() {
        for (AbiTable.Row row : abi.rows()) {
            switch (row.group()) {
                case "inaddr", "tcpopt_wire", "shut" -> {
                    if (row.linux() != null && row.netbsd() != null) {
                        assertEquals(row.linux(), row.netbsd(), row.toString());
                    }
                }
                case "so_dec" -> {
                    AbiTable.Row other = abi.find("so", row.name());
                    assertNotNull(other, row.toString());
                    assertEquals(other.linux(), row.linux(), row.toString());
                    assertEquals(other.netbsd(), row.netbsd(), row.toString());
                }
                case "pf" -> {
                    AbiTable.Row family = abi.find("af", "AF_" + row.name().substring(3));
                    if (family != null && family.linux() != null && family.netbsd() != null) {
                        assertEquals(family.linux(), row.linux(), row.toString());
                        assertEquals(family.netbsd(), row.netbsd(), row.toString());
                    }
                }
                default -> {
                    // differs, or is no number of a call
                }
            }
        }
    }
}
