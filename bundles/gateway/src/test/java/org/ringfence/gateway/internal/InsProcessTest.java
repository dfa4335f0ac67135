package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The INS of a gateway that stops. */
class InsProcessTest {
    /** Stands for an INS: it lives until it is ended, whatever arguments follow. */
    private static final String INS = "sh\n-c\nexec sleep 600\n";
    private final List<Process> started = new ArrayList<>();

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
        })) {
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
        });
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
        });
        itself.complete(ins);
        ins.start();
        assertTrue(running.get(20, TimeUnit.SECONDS).waitFor(20, TimeUnit.SECONDS), "it is still alive");
    }
}
