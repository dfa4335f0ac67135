package org.ringfence.shell.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel tells of processes (proc(5)). */
final class Processes {
    private static final long PAGE_BYTES = 4096;

    private Processes() {
    }

    /** Resident memory in bytes, shared memory included; null if the process cannot be looked at. */
    static Long memory(int pid) {
        try {
            return Long.parseLong(Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ")[1]) * PAGE_BYTES;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }
}
