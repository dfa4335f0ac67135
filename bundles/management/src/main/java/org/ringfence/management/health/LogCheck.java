package org.ringfence.management.health;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Whether the log can be written, and whether errors were written to it in the last ten minutes. */
@Component(property = {HealthCheck.NAME + "=log", HealthCheck.TAGS + "=ringfence"})
public final class LogCheck implements HealthCheck {
    /** What is looked at: some 2000 lines. */
    private static final int TAIL_BYTES = 256 * 1024;
    private static final Duration RECENT = Duration.ofMinutes(10);
    private static final long LEAST_ROOM = 64L << 20;

    private final Path file;

    @Activate
    public LogCheck(BundleContext context) {
        this(Path.of(String.valueOf(context.getProperty("ringfence.state")), "log", "gateway.log"));
    }

    LogCheck(Path file) {
        this.file = file;
    }

    @Override
    public Result execute() {
        FormattingResultLog log = new FormattingResultLog();
        try {
            if (!Files.isWritable(file)) {
                log.warn("{} is not there or cannot be written: what the gateway has to say is lost", file);
                return new Result(log);
            }
            long room = Files.getFileStore(file).getUsableSpace();
            if (room < LEAST_ROOM) {
                log.warn("{}: the disk has room for {} MiB only", file, room >> 20);
            }
            String[] errors = tail().lines().filter(line -> isError(line) && isRecent(line)).toArray(String[]::new);
            if (errors.length > 0) {
                log.warn("{} {} in the last {} minutes, the last one: {}", errors.length, errors.length == 1 ? "error" : "errors", RECENT.toMinutes(), errors[errors.length - 1]);
            } else {
                log.info("no error in the last {} minutes", RECENT.toMinutes());
            }
        } catch (IOException e) {
            log.warn("{}: {}", file, e.getMessage());
        }
        return new Result(log);
    }

    private String tail() throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
            long from = Math.max(0, open.length() - TAIL_BYTES);
            byte[] bytes = new byte[(int) (open.length() - from)];
            open.seek(from);
            open.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Lines are "TIME LEVEL thread class: message" (conf/logback.xml). */
    private static boolean isError(String line) {
        String[] words = line.split(" ", 3);
        return words.length == 3 && words[1].equals("ERROR");
    }

    private static boolean isRecent(String line) {
        try {
            return OffsetDateTime.parse(line.substring(0, line.indexOf(' '))).isAfter(OffsetDateTime.now().minus(RECENT));
        } catch (DateTimeParseException e) {
            return false;
        }
    }
}
