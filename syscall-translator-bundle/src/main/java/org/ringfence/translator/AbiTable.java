package org.ringfence.translator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The numbers of linux-netbsd-abi.tsv by name. Read at activation only; nothing of it is used during a call. */
final class AbiTable {
    private static final String FILE = "linux-netbsd-abi.tsv";

    /** One row; a value is null where the ABI does not have the name. */
    record Row(String group, String name, Integer linux, Integer netbsd) {
    }

    private final List<Row> rows = new ArrayList<>();
    private final Map<String, Row> byName = new HashMap<>();

    AbiTable() {
        for (TableReader.Line line : TableReader.read(FILE, 4)) {
            String[] cells = line.cells();
            Row row;
            try {
                row = new Row(cells[0], cells[1], number(cells[2]), number(cells[3]));
            } catch (NumberFormatException e) {
                throw line.error("not a number: " + e.getMessage());
            }
            if (byName.put(row.group + '\t' + row.name, row) != null) {
                throw line.error(row.name + " is there twice in group " + row.group);
            }
            rows.add(row);
        }
    }

    /** The low 32 bits: numbers of ioctl() and masks are unsigned. */
    private static Integer number(String cell) {
        if (cell.equals("-")) {
            return null;
        }
        return cell.startsWith("0x") ? (int) Long.parseUnsignedLong(cell.substring(2), 16) : Integer.valueOf(cell);
    }

    List<Row> rows() {
        return List.copyOf(rows);
    }

    List<Row> rows(String group) {
        return rows.stream().filter(row -> row.group.equals(group)).toList();
    }

    /** @return the row, or null */
    Row find(String group, String name) {
        return byName.get(group + '\t' + name);
    }

    /** @throws IllegalStateException if there is no such row or it has no value on Linux */
    int linux(String group, String name) {
        return present(group, name, find(group, name) == null ? null : find(group, name).linux, "Linux");
    }

    /** @throws IllegalStateException if there is no such row or it has no value on NetBSD */
    int netbsd(String group, String name) {
        return present(group, name, find(group, name) == null ? null : find(group, name).netbsd, "NetBSD");
    }

    private static int present(String group, String name, Integer value, String abi) {
        if (value == null) {
            throw new IllegalStateException(FILE + ": no " + name + " of group " + group + " for " + abi);
        }
        return value;
    }
}
