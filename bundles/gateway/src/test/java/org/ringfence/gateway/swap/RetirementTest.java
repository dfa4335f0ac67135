package org.ringfence.gateway.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Version;

class RetirementTest {
    @TempDir
    private Path top;

    private final List<String> done = new ArrayList<>();
    private Path shared;
    private Path own;

    private static <T> T of(Class<T> type, InvocationHandler does) {
        return type.cast(Proxy.newProxyInstance(RetirementTest.class.getClassLoader(), new Class<?>[] {type}, does));
    }

    @BeforeEach
    void folders() throws IOException {
        shared = Files.createDirectories(top.resolve("runtime/deploy"));
        own = Files.createDirectories(top.resolve("one/deploy"));
    }

    private Retirement instance(String name) {
        return new Retirement(of(BundleContext.class, (proxy, method, arguments) -> switch ((String) arguments[0]) {
            case "ringfence.runtime" -> top.resolve("runtime").toString();
            case "ringfence.state" -> top.resolve(name).toString();
            default -> throw new UnsupportedOperationException(method.toString());
        }));
    }

    private Bundle deployed(Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("old.jar"), "old");
        return of(Bundle.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "getBundleId" -> 7L;
            case "getSymbolicName" -> "org.ringfence.policy";
            case "getVersion" -> Version.emptyVersion;
            case "getLocation" -> file.toUri().toString();
            case "stop" -> done.add(arguments == null ? "stop" : "stop " + arguments[0]) ? null : null;
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    @Test
    void aFileOfItsOwnFolderIsRenamed() throws IOException, BundleException {
        instance("one").retire(deployed(own));
        assertTrue(Files.exists(own.resolve("old.jar.replaced")));
        assertFalse(Files.exists(own.resolve("old.jar")));
        assertEquals(List.of("stop " + Bundle.STOP_TRANSIENT), done);
    }

    @Test
    void aFileThatOtherInstancesHaveTooStaysAndIsNoted() throws IOException, BundleException {
        Bundle old = deployed(shared);
        Retirement one = instance("one");
        assertFalse(one.isReplaced(old));
        one.retire(old);
        assertEquals(List.of("stop"), done);
        assertTrue(Files.exists(shared.resolve("old.jar")));
        assertTrue(one.isReplaced(old));
        assertTrue(instance("one").isReplaced(old), "after the next start");
        assertFalse(instance("other").isReplaced(old));
    }

    @Test
    void anotherFileOfThatNameIsAnotherOne() throws IOException, BundleException {
        Bundle old = deployed(shared);
        instance("one").retire(old);
        Files.setLastModifiedTime(shared.resolve("old.jar"), FileTime.fromMillis(1));
        assertFalse(instance("one").isReplaced(old));
    }
}
