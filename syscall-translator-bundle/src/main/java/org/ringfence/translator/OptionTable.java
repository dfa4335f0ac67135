package org.ringfence.translator;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.translator.SocketOption.Way;

/** The socket options that may pass: options.tsv with the numbers of linux-netbsd-abi.tsv. Immutable. */
final class OptionTable {
    private static final int LEVELS = 64;
    private static final int NAMES = 128;

    /** By level and name on Linux; a level without options is null. */
    private final SocketOption[][] table = new SocketOption[LEVELS][];
    private final List<SocketOption> all = new ArrayList<>();

    OptionTable(AbiTable abi) {
        for (TableReader.Line line : TableReader.read("options.tsv", 5)) {
            add(line, abi);
        }
    }

    /** The option of a level and name on Linux, whatever numbers they are; null if there is none. */
    SocketOption find(int level, int name) {
        if (level < 0 || level >= LEVELS || name < 0 || name >= NAMES || table[level] == null) {
            return null;
        }
        return table[level][name];
    }

    List<SocketOption> all() {
        return List.copyOf(all);
    }

    private void add(TableReader.Line line, AbiTable abi) {
        String[] cells = line.cells();
        String levelName = cells[0];
        String levelGroup = levelName.equals("SOL_SOCKET") ? "level" : "ipproto";
        String group = switch (levelName) {
            case "SOL_SOCKET" -> "so";
            case "IPPROTO_TCP" -> "tcp";
            case "IPPROTO_IP" -> "ip";
            case "IPPROTO_IPV6" -> "ipv6";
            default -> throw line.error("unknown level " + levelName);
        };
        ValueKind set = ValueKind.of(cells[2]);
        ValueKind get = ValueKind.of(cells[3]);
        if (set != null && !set.writable()) {
            throw line.error("a value of kind " + cells[2] + " cannot be set");
        }
        int setError = set == null ? abi.linux("errno", cells[2]) : 0;
        int getError = get == null ? abi.linux("errno", cells[3]) : 0;

        String there = cells[4];
        Way way = switch (there) {
            case "type" -> Way.TYPE;
            case "address" -> Way.ADDRESS;
            case "-" -> Way.NONE;
            default -> there.startsWith("=") ? Way.CONSTANT : Way.DIRECT;
        };
        int netbsdLevel = way == Way.DIRECT ? abi.netbsd(levelGroup, levelName) : 0;
        int netbsdName = way == Way.DIRECT ? abi.netbsd(group, there.equals("same") ? cells[1] : there) : 0;
        int constant = way == Way.CONSTANT ? Integer.parseInt(there.substring(1)) : 0;

        SocketOption option = new SocketOption(abi.linux(levelGroup, levelName), abi.linux(group, cells[1]), set, setError,
                get, getError, way, netbsdLevel, netbsdName, constant);
        if (option.level() >= LEVELS || option.name() >= NAMES) {
            throw line.error("level " + option.level() + " or name " + option.name() + " is beyond the table");
        }
        if (table[option.level()] == null) {
            table[option.level()] = new SocketOption[NAMES];
        }
        if (table[option.level()][option.name()] != null) {
            throw line.error(cells[1] + " is there twice");
        }
        table[option.level()][option.name()] = option;
        all.add(option);
    }
}
