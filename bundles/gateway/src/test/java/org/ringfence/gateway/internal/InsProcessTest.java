package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The INS of a gateway that stops. */
class InsProcessTest {
    /** Stands for an INS: it lives until it is ended, whatever arguments follow. */
    private static final String INS = "sh\n-c\nexec sleep 600\n";
    private final List<Process> started = new ArrayList<>();
    private final BlockingQueue<String> logged = new LinkedBlockingQueue<>();

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void anInsThatRunsIsEnded() throws Exception {
        CompletableFuture<Process> running = new CompletableFuture<>();
        try (InsProcess ins = new InsProcess(INS, Path.of("/none"), builder -> {
            started.add(builder.start());
            running.complete(started.get(0));
            return started.get(0);
        }, logged::add)) {
            ins.start();
            running.get(20, TimeUnit.SECONDS);
        }
        assertTrue(running.get().waitFor(20, TimeUnit.SECONDS), "it is still alive");
    }

    @Test
    void anInsThatEndsBecauseItsGatewayDoesIsNotStartedAgain() throws Exception {
        CompletableFuture<Process> running = new CompletableFuture<>();
        InsProcess ins = new InsProcess(INS, Path.of("/none"), builder -> {
            started.add(builder.start());
            running.complete(started.get(0));
            return started.get(0);
        }, logged::add);
        Thread supervisor = new Thread(ins);
        supervisor.start();
        Process only = running.get(20, TimeUnit.SECONDS);
        ins.lastTime();
        only.destroy();
        supervisor.join(20_000);
        assertFalse(supervisor.isAlive(), "it waits to start another one");
        assertEquals(1, started.size());
    }

    @Test
    void anInsThatStartsWhileTheGatewayStopsIsEnded() throws Exception {
        CompletableFuture<InsProcess> itself = new CompletableFuture<>();
        CompletableFuture<Process> running = new CompletableFuture<>();
        InsProcess ins = new InsProcess(INS, Path.of("/none"), builder -> {
            started.add(builder.start());
            itself.join().close(); // it is there, and nobody knows of it yet
            running.complete(started.get(0));
            return started.get(0);
        }, logged::add);
        itself.complete(ins);
        ins.start();
        assertTrue(running.get(20, TimeUnit.SECONDS).waitFor(20, TimeUnit.SECONDS), "it is still alive");
    }

    @Test
    void anInsThatWritesWithoutEndTakesNoMemory() throws Exception {
        String flood = "sh\n-c\nhead -c 300000000 /dev/zero >&2; echo; echo after; exec sleep 600\n";
        InsProcess ins = new InsProcess(flood, Path.of("/none"), builder -> {
            started.add(builder.start());
            return started.get(0);
        }, logged::add);
        Thread supervisor = new Thread(ins);
        supervisor.start();
        assertTrue(logged.poll(20, TimeUnit.SECONDS).endsWith(BoundedLines.CUT));
        assertEquals("after", logged.poll(60, TimeUnit.SECONDS));
        long allocated = ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getThreadAllocatedBytes(supervisor.getId());
        assertTrue(allocated < 16 << 20, allocated + " bytes");
        ins.close();
        supervisor.join(20_000);
        assertFalse(supervisor.isAlive());
    }
}
