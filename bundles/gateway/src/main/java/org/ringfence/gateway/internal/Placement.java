package org.ringfence.gateway.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where {@code ringfence up} has put gateway, INS and applications on one CPU: gives the applications the others back when that one is
 * not enough for them, and if that does not help, because something else uses it, gateway and INS too. Looks once a second, from a
 * thread of its own.
 */
@Component(service = {}, immediate = true)
public final class Placement {
    private static final Logger LOG = LoggerFactory.getLogger(Placement.class);
    private static final Path PROC = Path.of("/proc");
    private static final int INODE = 4; // field of /proc/PID/maps

    private final Path file;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "ringfence-placement");
        thread.setDaemon(true);
        return thread;
    });
    private Starvation starvation;
    private boolean applicationsFree;
    private int cpu;
    private String cpus;

    @Activate
    public Placement(BundleContext context) {
        String state = context.getProperty("ringfence.state");
        file = state == null ? null : Path.of(state, "placement");
        if (file != null) {
            clock.scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
        }
    }

    @Deactivate
    void deactivate() {
        clock.shutdownNow();
    }

    private void look() {
        try {
            if (starvation == null) {
                if (!Files.exists(file)) {
                    return; // 'up' is not done yet
                }
                String[] placement = Files.readString(file).trim().split(" ");
                if (!placement[0].equals("together")) {
                    clock.shutdown();
                    return;
                }
                cpu = Integer.parseInt(placement[1]);
                cpus = placement[2];
                starvation = new Starvation(cpu);
            }
            if (starvation.look(Files.readAllLines(PROC.resolve("stat")))) {
                release(!applicationsFree);
                if (applicationsFree) {
                    clock.shutdown();
                }
                applicationsFree = true;
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("placement: applications stay on the gateway's CPU: {}", e.toString());
            clock.shutdown();
        }
    }

    private void release(boolean applications) throws IOException {
        Set<String> regions = regions(PROC.resolve("self"));
        int released = 0;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                long pid = Long.parseLong(process.getFileName().toString());
                if (isOwn(pid) != applications && !Collections.disjoint(regions, regions(process))) {
                    new ProcessBuilder("taskset", "-apc", cpus, Long.toString(pid))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
                    released++;
                }
            }
        }
        if (released > 0) {
            LOG.info("placement: CPU {} is busy and the others are not: {} processes of {} may use CPUs {}", cpu, released,
                    applications ? "applications" : "gateway and INS", cpus);
        }
    }

    /** The gateway and the INS. */
    private static boolean isOwn(long pid) {
        ProcessHandle self = ProcessHandle.current();
        return pid == self.pid() || self.descendants().anyMatch(child -> child.pid() == pid);
    }

    /** Inodes of the memory files that a process maps: an application has one in common with the gateway, whatever it did to its environment. */
    private static Set<String> regions(Path process) {
        try (Stream<String> maps = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            return maps.filter(line -> line.contains("/memfd:")).map(line -> line.split(" +")[INODE]).collect(Collectors.toSet());
        } catch (IOException | UncheckedIOException e) {
            return Set.of(); // it has ended, or is another user's
        }
    }
}
