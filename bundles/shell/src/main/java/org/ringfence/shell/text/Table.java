package org.ringfence.shell.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows and columns as text: each column as wide as its widest cell, two spaces between columns, and no line longer than
 * {@link #WIDTH} as long as the left-aligned columns can give way.
 *
 * <p>Not thread-safe: made, filled and printed by one command.
 */
public final class Table {

    /** Columns of a line that fits a terminal of usual size. */
    public static final int WIDTH = 100;

    /** A column that gives way keeps so much. */
    private static final int NARROWEST = 6;
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

    @Override
    public String toString() {
        return toString(WIDTH);
    }

    /** The table without a newline at its end; lines have no trailing spaces and, if possible, at most {@code width} characters. */
    public String toString(int width) {
        int[] widths = new int[rightAligned.length];
        for (String[] row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row[column].length());
            }
        }
        narrow(widths, width);
        StringBuilder text = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = cut(row[column], widths[column]);
                String padding = " ".repeat(widths[column] - cell.length());
                line.append(column == 0 ? "" : GAP).append(rightAligned[column] ? padding + cell : cell + padding);
            }
            text.append(text.isEmpty() ? "" : "\n").append(line.toString().stripTrailing());
        }
        return text.toString();
    }

    /** Takes from the widest left-aligned column until the line fits. Numbers, which are right-aligned, are never cut. */
    private void narrow(int[] widths, int most) {
        int line = GAP.length() * (widths.length - 1);
        for (int width : widths) {
            line += width;
        }
        for (; line > most; line--) {
            int widest = -1;
            for (int column = 0; column < widths.length; column++) {
                if (!rightAligned[column] && widths[column] > NARROWEST && (widest < 0 || widths[column] > widths[widest])) {
                    widest = column;
                }
            }
            if (widest < 0) {
                return;
            }
            widths[widest]--;
        }
    }

    /** {@code text}, its end replaced by a mark if it is longer than {@code width}. */
    static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, width - 1) + "~";
    }
}
