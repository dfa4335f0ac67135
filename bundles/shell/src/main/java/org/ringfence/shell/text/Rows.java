package org.ringfence.shell.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Rows of values with named columns: a {@link Table} with headings and units for people, objects with plain values for scripts.
 *
 * <p>Not thread-safe: made, filled and printed by one command.
 */
public final class Rows {

    private enum Where { BOTH, TABLE, JSON }

    private record Column(String key, boolean right, Where where, Function<Object, String> format) {
    }

    private final List<Column> columns = new ArrayList<>();
    private final List<Object[]> rows = new ArrayList<>();
    private final String whenEmpty;

    /** @param whenEmpty what is said to people instead of a table without rows */
    public Rows(String whenEmpty) {
        this.whenEmpty = whenEmpty;
    }

    /** A column of text; its key in JSON is also its heading. */
    public Rows text(String... keys) {
        for (String key : keys) {
            columns.add(new Column(key, false, Where.BOTH, String::valueOf));
        }
        return this;
    }

    /** A column of plain numbers. */
    public Rows number(String... keys) {
        for (String key : keys) {
            columns.add(new Column(key, true, Where.BOTH, String::valueOf));
        }
        return this;
    }

    public Rows bytes(String... keys) {
        return numbers(Units::bytes, keys);
    }

    /** Columns of milliseconds. */
    public Rows span(String... keys) {
        return numbers(Units::span, keys);
    }

    public Rows nanoseconds(String... keys) {
        return numbers(Units::nanoseconds, keys);
    }

    private Rows numbers(Function<Long, String> format, String... keys) {
        for (String key : keys) {
            columns.add(new Column(key, true, Where.BOTH, value -> format.apply(((Number) value).longValue())));
        }
        return this;
    }

    /** A column of text that only the table has. */
    public Rows onlyShown(String key) {
        columns.add(new Column(key, false, Where.TABLE, String::valueOf));
        return this;
    }

    /** Columns that only the objects have. */
    public Rows onlyJson(String... keys) {
        for (String key : keys) {
            columns.add(new Column(key, false, Where.JSON, String::valueOf));
        }
        return this;
    }

    /**
     * Adds a row.
     *
     * @param values one per column; null is shown as "-"
     * @throws IllegalArgumentException if there are more or fewer values than columns
     */
    public Rows row(Object... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException("row of " + values.length + " values, there are " + columns.size() + " columns");
        }
        rows.add(values);
        return this;
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** The rows as JSON has them. */
    public List<Map<String, Object>> asMaps() {
        List<Map<String, Object>> maps = new ArrayList<>();
        for (Object[] row : rows) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (int i = 0; i < row.length; i++) {
                if (columns.get(i).where != Where.TABLE) {
                    map.put(columns.get(i).key, row[i]);
                }
            }
            maps.add(map);
        }
        return maps;
    }

    /** The table, or what is said when there are no rows. */
    @Override
    public String toString() {
        return toString(Table.WIDTH);
    }

    /** The same, in lines of at most {@code width} characters if possible. */
    public String toString(int width) {
        if (rows.isEmpty()) {
            return whenEmpty;
        }
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).where != Where.JSON) {
                shown.add(i);
            }
        }
        Table table = new Table(shown.stream().map(i -> heading(columns.get(i))).toArray(String[]::new));
        for (Object[] row : rows) {
            table.row(shown.stream().map(i -> row[i] == null ? null : columns.get(i).format.apply(row[i])).toArray());
        }
        return table.toString(width);
    }

    private static String heading(Column column) {
        return (column.right ? ">" : "") + column.key.replace('_', '-').toUpperCase(java.util.Locale.ROOT);
    }
}
