package org.ringfence.shell.command;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows and columns as text: each column as wide as its widest cell, two spaces between columns.
 *
 * <p>Not thread-safe: made, filled and printed by one command.
 */
public final class Table {

    private static final String GAP = "  ";

    private final List<String[]> rows = new ArrayList<>();
    private final boolean[] rightAligned;

    /** @param headings one per column; a heading that starts with '>' makes its column right-aligned */
    public Table(String... headings) {
        String[] plain = new String[headings.length];
        rightAligned = new boolean[headings.length];
        for (int column = 0; column < headings.length; column++) {
            rightAligned[column] = headings[column].startsWith(">");
            plain[column] = rightAligned[column] ? headings[column].substring(1) : headings[column];
        }
        rows.add(plain);
    }

    /**
     * Adds a row.
     *
     * @param cells one per column; null is shown as "-"
     * @return this table
     * @throws IllegalArgumentException if there are more or fewer cells than columns
     */
    public Table row(Object... cells) {
        if (cells.length != rightAligned.length) {
            throw new IllegalArgumentException(
                    "table row of " + cells.length + " cells, the table has " + rightAligned.length + " columns");
        }
        String[] row = new String[cells.length];
        for (int column = 0; column < cells.length; column++) {
            row[column] = cells[column] == null ? "-" : cells[column].toString();
        }
        rows.add(row);
        return this;
    }

    /** The table without a newline at its end; lines have no trailing spaces. */
    @Override
    public String toString() {
        int[] widths = new int[rightAligned.length];
        for (String[] row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String padding = " ".repeat(widths[column] - row[column].length());
                line.append(column == 0 ? "" : GAP)
                        .append(rightAligned[column] ? padding + row[column] : row[column] + padding);
            }
            text.append(text.isEmpty() ? "" : "\n").append(line.toString().stripTrailing());
        }
        return text.toString();
    }
}
