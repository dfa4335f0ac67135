package org.ringfence.gateway.swap;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.osgi.framework.Constants;

/** Files in the folders of deployed bundles that are none: nobody else says a word about them. One thread. */
final class PassedOver {
    /** What a file was like when it was last looked at, and whether it was told of then. */
    private record Seen(long bytes, long modified, boolean told) {
        boolean isLike(Seen other) {
            return other != null && bytes == other.bytes && modified == other.modified;
        }
    }

    private final List<Path> folders;
    private Map<Path, Seen> seen = new HashMap<>();

    PassedOver(List<Path> folders) {
        this.folders = folders;
    }

    /** Tells of each file that is no bundle, with the reason, once it has not changed since the last look: it may be about to be written. */
    void look(BiConsumer<Path, String> teller) {
        Map<Path, Seen> now = new HashMap<>();
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
                for (Path file : files) {
                    try {
                        now.put(file, look(file, seen.get(file), teller));
                    } catch (IOException e) {
                        // it is going, was replaced while it was looked at, or leads nowhere: the next look sees
                    }
                }
            } catch (IOException | DirectoryIteratorException e) {
                // the folder is going
            }
        }
        seen = now;
    }

    private static Seen look(Path file, Seen before, BiConsumer<Path, String> teller) throws IOException {
        Seen now = new Seen(Files.size(file), Files.getLastModifiedTime(file).toMillis(), false);
        if (!now.isLike(before)) {
            return now;
        }
        if (!before.told) {
            String reason = reason(file);
            if (reason != null) {
                teller.accept(file, reason);
            }
        }
        return new Seen(now.bytes, now.modified, true);
    }

    /** Why it is no bundle; null if it is one, or is gone. */
    private static String reason(Path file) {
        try (JarFile jar = new JarFile(file.toFile())) {
            Manifest manifest = jar.getManifest();
            boolean named = manifest != null && manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME) != null;
            return named ? null : "it is no bundle: its manifest names no " + Constants.BUNDLE_SYMBOLICNAME;
        } catch (IOException | RuntimeException e) {
            return Files.exists(file) ? "it is no jar, or only a part of one: " + e.getMessage() : null;
        }
    }
}
