package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns as wide as they need to be, two spaces apart. */
final class Columns {
    private final List<Object[]> rows = new ArrayList<>();

    Columns(Object... headings) {
        rows.add(headings);
    }

    void row(Object... cells) {
        rows.add(cells);
    }

    /** Numbers are aligned to the right. The last line has no newline. */
    @Override
    public String toString() {
        int[] widths = new int[rows.get(0).length];
        for (Object[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row[i].toString().length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (Object[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                boolean number = rows.size() > 1 && rows.get(1)[i] instanceof Number;
                String space = " ".repeat(widths[i] - row[i].toString().length());
                line.append(i == 0 ? "" : "  ").append(number ? space : "").append(row[i]).append(number ? "" : space);
            }
            text.append(text.isEmpty() ? "" : "\n").append(line.toString().stripTrailing());
        }
        return text.toString();
    }
}
