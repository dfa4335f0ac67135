package org.ringfence.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.osgi.framework.VersionRange;

/** {@code conf/config.properties} starts what the resolver found for {@code ringfence.bndrun}, no more and no less. */
public class RunBundlesIT {

    private static final Pattern LOCKED = Pattern.compile("([^,;\\s]+);version='([^']+)'");

    private static Properties properties(String file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(RuntimeOptions.runtime().resolve(file))) {
            properties.load(reader);
        }
        return properties;
    }

    /** Symbolic names and the versions they are locked to. */
    private static Map<String, VersionRange> locked() throws IOException {
        Map<String, VersionRange> locked = new TreeMap<>();
        Matcher bundle = LOCKED.matcher(properties("ringfence.bndrun").getProperty("-runbundles"));
        while (bundle.find()) {
            locked.put(bundle.group(1), VersionRange.valueOf(bundle.group(2)));
        }
        return locked;
    }

    private static Map<String, Version> started() throws IOException {
        Map<String, Version> started = new TreeMap<>();
        for (Path path : RuntimeOptions.bundles()) {
            try (JarFile jar = new JarFile(path.toFile())) {
                Attributes headers = jar.getManifest().getMainAttributes();
                String name = headers.getValue(Constants.BUNDLE_SYMBOLICNAME).split(";")[0].strip();
                started.put(name, Version.parseVersion(headers.getValue(Constants.BUNDLE_VERSION)));
            }
        }
        return started;
    }

    @Test
    public void theBundlesThatAreStartedAreThoseOfTheLock() throws IOException {
        assertEquals(locked().keySet(), started().keySet(),
                "the bundles of -runbundles in runtime/ringfence.bndrun, and those of felix.auto.start in runtime/conf/config.properties");
    }

    @Test
    public void everyBundleHasTheVersionOfTheLock() throws IOException {
        Map<String, Version> started = started();
        locked().forEach((name, range) -> {
            Version version = started.get(name);
            assertTrue(version != null && range.includes(version), name + " " + version + " is not in " + range);
        });
    }

    @Test
    public void theResolverSeesThePackagesThatTheLauncherExports() throws IOException {
        assertEquals(clauses(properties("conf/config.properties").getProperty("org.osgi.framework.system.packages.extra")),
                clauses(properties("ringfence.bndrun").getProperty("-runsystempackages")));
    }

    private static Set<String> clauses(String header) {
        return Arrays.stream(header.split(",")).map(String::strip).collect(Collectors.toCollection(TreeSet::new));
    }
}
