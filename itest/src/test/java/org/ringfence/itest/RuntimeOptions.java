package org.ringfence.itest;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.cleanCaches;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.frameworkStartLevel;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.ops4j.pax.exam.Option;

/** The runtime as it is shipped: the bundles and start levels of {@code runtime/conf/config.properties}. */
final class RuntimeOptions {

    /** A start level's key, or one bundle under it. */
    private static final Pattern LINE = Pattern.compile("felix\\.auto\\.start\\.(\\d+)=|/bundle/([^\"]+\\.jar)\"");

    private RuntimeOptions() {
    }

    /** The directory of this installation's {@code runtime/}. */
    static Path runtime() {
        return Path.of(System.getProperty("ringfence.runtime"));
    }

    /**
     * A running gateway's bundles and properties, JUnit's API for the tests in the container, and a new state
     * directory: its path must be short enough for a socket in it, so it is in the system's temporary directory.
     */
    static Option[] shipped() throws IOException {
        Path state = Files.createTempDirectory("ringfence-it");
        List<Option> options = new ArrayList<>();
        Matcher line = LINE.matcher(Files.readString(runtime().resolve("conf/config.properties")));
        for (int level = 0; line.find();) {
            if (line.group(1) != null) {
                level = Integer.parseInt(line.group(1));
            } else {
                options.add(bundle(runtime().resolve("bundle").resolve(line.group(2)).toUri().toString())
                        .startLevel(level));
            }
        }
        try (Stream<Path> junit = Files.list(Path.of(System.getProperty("junit.bundles")))) {
            junit.sorted().forEach(jar -> options.add(bundle(jar.toUri().toString()).startLevel(1)));
        }
        String artefacts = System.getProperty("ringfence.native");
        return new Option[] {
            composite(options.toArray(Option[]::new)),
            frameworkStartLevel(100),
            // as in the runtime SLF4J is outside the framework; here it is the 1.7 that Pax Exam needs
            systemPackages("org.slf4j;version=1.7.36", "org.slf4j.event;version=1.7.36",
                    "org.slf4j.helpers;version=1.7.36", "org.slf4j.spi;version=1.7.36"),
            frameworkProperty("ringfence.state").value(state.toString()),
            frameworkProperty("ringfence.runtime").value(runtime().toString()),
            frameworkProperty("ringfence.native").value(artefacts),
            frameworkProperty("ringfence.ins.command").value(artefacts + "/ringfence-ins"),
            frameworkProperty("ringfence.ins.net").value("host"),
            frameworkProperty("ringfence.abi").value("linux"),
            cleanCaches()
        };
    }
}
