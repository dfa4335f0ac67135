package org.ringfence.translator;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a table of tab-separated columns out of the bundle; lines that are empty or begin with '#' are comments. */
final class TableReader {
    /** One line of a table. */
    record Line(String where, String[] cells) {
        IllegalStateException error(String what) {
            return new IllegalStateException(where + ": " + what);
        }
    }

    private TableReader() {
    }

    /** @throws IllegalStateException naming file and line if a line does not have {@code columns} columns */
    static List<Line> read(String file, int columns) {
        List<Line> lines = new ArrayList<>();
        try (InputStream stream = TableReader.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException(file + " is missing from the bundle");
            }
            BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
            int number = 0;
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                number++;
                if (text.isEmpty() || text.startsWith("#")) {
                    continue;
                }
                Line line = new Line(file + ":" + number, text.split("\t", -1));
                if (line.cells.length != columns) {
                    throw line.error(line.cells.length + " columns instead of " + columns + ": " + text);
                }
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
        return lines;
    }
}
