package org.ringfence.itest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** Jars that tests make: other versions of shipped bundles, and bad ones. */
final class Jars {
    private Jars() {
    }

    /** The jar of a shipped bundle, {@code org.ringfence.NAME}. */
    static Path shipped(String name) {
        return RuntimeOptions.runtime().resolve("bundle/org.ringfence." + name + ".jar");
    }

    /** A copy of a shipped bundle with other headers. */
    static Path changed(String name, Path into, Consumer<Attributes> change) throws IOException {
        try (JarFile jar = new JarFile(shipped(name).toFile())) {
            Manifest manifest = new Manifest(jar.getManifest());
            change.accept(manifest.getMainAttributes());
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(into), manifest)) {
                for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                    if (!entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        out.putNextEntry(new JarEntry(entry.getName()));
                        jar.getInputStream(entry).transferTo(out);
                    }
                }
            }
        }
        return into;
    }

    static Path version(String name, String version, Path into) throws IOException {
        return changed(name, into, headers -> headers.putValue("Bundle-Version", version));
    }

    /** A bundle of classes of this test and of texts by their path. */
    static Path made(Path into, Map<String, String> headers, Map<String, String> texts, Class<?>... classes) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Bundle-ManifestVersion", "2");
        attributes.putValue("Bundle-Version", "99.0.0");
        attributes.putValue("Import-Package", "org.osgi.framework,org.ringfence.api.call,org.ringfence.api.handover,org.ringfence.api.policy,"
                + "org.ringfence.api.transport");
        headers.forEach(attributes::putValue);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(into), manifest)) {
            for (Class<?> type : classes) {
                String path = type.getName().replace('.', '/') + ".class";
                try (InputStream bytes = type.getClassLoader().getResourceAsStream(path)) {
                    put(out, path, bytes.readAllBytes());
                }
            }
            for (Map.Entry<String, String> text : texts.entrySet()) {
                put(out, text.getKey(), text.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return into;
    }

    private static void put(JarOutputStream out, String path, byte[] bytes) throws IOException {
        out.putNextEntry(new JarEntry(path));
        ((OutputStream) out).write(bytes);
    }
}
