package org.ringfence.memory.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.system.Geometry;
import org.ringfence.api.system.SharedMemory;

class MappedMemoryTest {
    private static final JnaSystem SYSTEM = new JnaSystem(Path.of(System.getProperty("ringfence.native", "native/build")));
    private final SharedMemory memory = create();

    private static SharedMemory create() {
        try {
            return SYSTEM.createMemory("test", 8 * 4096);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterEach
    void close() {
        memory.close();
    }

    /** What another process prints that opens the memory as {@code m}. */
    private String inAnotherProcess(String python) throws IOException, InterruptedException {
        String path = "/proc/" + ProcessHandle.current().pid() + "/fd/" + memory.descriptor();
        Process process = new ProcessBuilder("python3", "-c", "import os, mmap, errno\nm = os.open('" + path + "', os.O_RDWR)\n" + python)
                .redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        return output.trim();
    }

    @Test
    void noProcessCanShrinkOrGrowIt() throws Exception {
        String attempt = "try:\n  os.ftruncate(m, %d)\n  print('done')\nexcept OSError as e:\n  print(errno.errorcode[e.errno])\n";
        assertEquals("EPERM", inAnotherProcess(String.format(attempt, 0)));
        assertEquals("EPERM", inAnotherProcess(String.format(attempt, 9 * 4096)));
    }

    @Test
    void noProcessCanSealItAgainstWriting() throws Exception {
        assertEquals("EPERM", inAnotherProcess("import fcntl\ntry:\n  fcntl.fcntl(m, 1033, 8)\n  print('done')\n"
                + "except OSError as e:\n  print(errno.errorcode[e.errno])\n"));
    }

    @Test
    void whatAnotherProcessWritesIsSeen() throws Exception {
        memory.buffer().putInt(4096, 7);
        assertEquals("7", inAnotherProcess("w = mmap.mmap(m, 8 * 4096)\nprint(w[4096])\nw[5000] = 99\n"));
        assertEquals(99, memory.buffer().get(5000));
    }

    @Test
    void punchedPagesReadAsZerosAndTheOthersStay() {
        for (int page = 0; page < 8; page++) {
            memory.buffer().putInt(page * 4096, page + 1);
        }
        memory.punch(2 * 4096, 3 * 4096);
        for (int page = 0; page < 8; page++) {
            assertEquals(page >= 2 && page < 5 ? 0 : page + 1, memory.buffer().getInt(page * 4096));
        }
    }

    @Test
    void aSizeThatCannotBeIsRefusedWithItsBound() {
        IOException refused = assertThrows(IOException.class, () -> SYSTEM.createMemory("vast", (1L << 30) + 1));
        assertTrue(refused.getMessage().contains("'vast' of 1073741825 bytes: it must have 1 to 1073741824"), refused.getMessage());
        assertThrows(IOException.class, () -> SYSTEM.createMemory("none", 0));
    }

    @Test
    void aGeometryThatCannotBeIsRefused() {
        for (Geometry impossible : new Geometry[] {new Geometry(1, 63, 16, 64, 4096), new Geometry(1, 64, 17, 64, 4096),
                new Geometry(1, 64, 16, 65, 4096), new Geometry(1, 64, 16, 64, 4095), new Geometry(1, 1 << 20, 16, 64, 4096)}) {
            assertThrows(IOException.class, () -> SYSTEM.createRegion("impossible", impossible, 1).close(), impossible.toString());
        }
    }

    @Test
    void closingTwiceIsHarmless() {
        memory.close();
        memory.close();
    }
}
