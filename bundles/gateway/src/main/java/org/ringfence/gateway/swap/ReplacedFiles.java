package org.ringfence.gateway.swap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which files of a folder that several instances share this instance has replaced. They stay there, since others may run them, and this
 * instance keeps a list of them: a line each, with the time of the file, so that another file of that name is another one. Any thread.
 */
final class ReplacedFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ReplacedFiles.class);

    private final Path list;
    private final Set<String> lines = new LinkedHashSet<>();

    /** @param list where they are noted; it need not be there */
    ReplacedFiles(Path list) {
        this.list = list;
        try {
            if (Files.exists(list)) {
                for (String line : Files.readAllLines(list, StandardCharsets.UTF_8)) {
                    if (line.equals(line(Path.of(line.substring(line.indexOf(' ') + 1))))) { // else it is gone, or another one
                        lines.add(line);
                    }
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("{}: cannot be read: {}: bundles that were replaced may be back", list, e.toString());
        }
    }

    synchronized boolean contains(Path file) {
        return lines.contains(line(file));
    }

    synchronized void add(Path file) {
        lines.add(line(file));
        try {
            Files.createDirectories(list.getParent());
            Files.write(list, lines, StandardCharsets.UTF_8);
        } catch (IOException e) {
            LOG.warn("{}: cannot be written: {}: {} will be back at the next start", list, e.toString(), file);
        }
    }

    private static String line(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis() + " " + file;
        } catch (IOException e) {
            return "gone " + file;
        }
    }
}
