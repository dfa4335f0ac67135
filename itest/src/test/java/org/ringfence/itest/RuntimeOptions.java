package org.ringfence.itest;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.cleanCaches;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.ops4j.pax.exam.Option;

/**
 * The runtime as it is shipped: the bundles of {@code runtime/conf/config.properties}, started in the order in which
 * they stand there. (Pax Exam's container stays at its own start level, so theirs are not used.)
 */
final class RuntimeOptions {

    private static final Pattern LINE = Pattern.compile("/bundle/([^\"]+\\.jar)\"");

    private RuntimeOptions() {
    }

    /** The directory of this installation's {@code runtime/}. */
    static Path runtime() {
        return Path.of(System.getProperty("ringfence.runtime"));
    }

    /** The jars that the launcher starts, in that order. */
    static List<Path> bundles() throws IOException {
        List<Path> jars = new ArrayList<>();
        Matcher line = LINE.matcher(Files.readString(runtime().resolve("conf/config.properties")));
        while (line.find()) {
            jars.add(runtime().resolve("bundle").resolve(line.group(1)));
        }
        return jars;
    }

    /** A new directory, which goes with this JVM. */
    static Path temporaryDirectory() throws IOException {
        Path directory = Files.createTempDirectory("ringfence-it");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            } catch (IOException | UncheckedIOException e) {
                // it stays, as it would have without this
            }
        }));
        return directory;
    }

    /**
     * A running gateway's bundles and properties, JUnit's API for the tests in the container, and a new state
     * directory: its path must be short enough for a socket in it, so it is in the system's temporary directory.
     */
    static Option[] shipped() throws IOException {
        Path state = temporaryDirectory();
        List<Option> options = new ArrayList<>();
        bundles().forEach(jar -> options.add(bundle(jar.toUri().toString())));
        try (Stream<Path> junit = Files.list(Path.of(System.getProperty("junit.bundles")))) {
            junit.sorted().forEach(jar -> options.add(bundle(jar.toUri().toString())));
        }
        String artefacts = System.getProperty("ringfence.native");
        return new Option[] {
            composite(options.toArray(Option[]::new)),
            // as in the runtime SLF4J is outside the framework; here it is the 1.7 that Pax Exam needs
            systemPackages("org.slf4j;version=1.7.36", "org.slf4j.event;version=1.7.36",
                    "org.slf4j.helpers;version=1.7.36", "org.slf4j.spi;version=1.7.36"),
            frameworkProperty("ringfence.state").value(state.toString()),
            frameworkProperty("ringfence.runtime").value(runtime().toString()),
            frameworkProperty("ringfence.native").value(artefacts),
            frameworkProperty("ringfence.ins.command").value(artefacts + "/ringfence-ins"),
            frameworkProperty("ringfence.ins.net").value("host"),
            frameworkProperty("org.osgi.framework.bsnversion").value("multiple"),
            cleanCaches()
        };
    }
}
