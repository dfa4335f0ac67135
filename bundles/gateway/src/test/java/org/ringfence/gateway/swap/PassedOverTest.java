package org.ringfence.gateway.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PassedOverTest {
    @TempDir
    private Path folder;

    private final List<String> told = new ArrayList<>();
    private PassedOver files;

    @BeforeEach
    void watch() {
        files = new PassedOver(List.of(folder, folder.resolve("is-not-there")));
    }

    private void looks(int times) {
        for (int i = 0; i < times; i++) {
            files.look((file, reason) -> told.add(file.getFileName() + ": " + reason));
        }
    }

    private Path jar(String name, String symbolicName) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (symbolicName != null) {
            manifest.getMainAttributes().putValue("Bundle-SymbolicName", symbolicName);
        }
        Path file = folder.resolve(name);
        try (OutputStream bytes = Files.newOutputStream(file); JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            jar.finish();
        }
        return file;
    }

    @Test
    void aBundleIsNotToldOf() throws IOException {
        jar("good.jar", "good");
        looks(3);
        assertEquals(List.of(), told);
    }

    @Test
    void aFileThatIsNoJarIsToldOfOnce() throws IOException {
        Files.writeString(folder.resolve("text.jar"), "hello");
        looks(3);
        assertEquals(1, told.size(), told::toString);
        assertTrue(told.get(0).startsWith("text.jar: it is no jar, or only a part of one: "), told::toString);
    }

    @Test
    void aPartOfABundleIsToldOfWhenItNoLongerGrows() throws IOException {
        Path file = jar("part.jar", "part");
        byte[] whole = Files.readAllBytes(file);
        for (int length = 10; length <= 30; length += 10) {
            Files.write(file, Arrays.copyOf(whole, length));
            looks(1);
            assertEquals(List.of(), told);
        }
        looks(1);
        assertEquals(1, told.size(), told::toString);
        Files.write(file, whole);
        looks(3);
        assertEquals(1, told.size(), told::toString);
    }

    @Test
    void aJarThatIsNoBundleIsToldOf() throws IOException {
        jar("plain.jar", null);
        looks(2);
        assertEquals(List.of("plain.jar: it is no bundle: its manifest names no Bundle-SymbolicName"), told);
    }

    @Test
    void aLinkThatLeadsNowhereSilencesNobodyElse() throws IOException {
        for (String name : List.of("a.jar", "m.jar", "z.jar")) {
            Files.createSymbolicLink(folder.resolve("link-" + name), folder.resolve("is-not-there"));
            Files.writeString(folder.resolve(name), "hello");
        }
        looks(3);
        assertEquals(3, told.size(), told::toString);
    }

    @Test
    void anotherEndingIsNobodysBusiness() throws IOException {
        Files.writeString(folder.resolve("old.jar.replaced"), "hello");
        looks(2);
        assertEquals(List.of(), told);
    }
}
