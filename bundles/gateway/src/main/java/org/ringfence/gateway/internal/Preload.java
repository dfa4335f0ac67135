package org.ringfence.gateway.internal;

import java.net.URL;
import java.util.Collections;
import java.util.Enumeration;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/** Loads the classes of a newcomer before the event loop needs them: each costs tenths of a millisecond. */
final class Preload {
    private static final String SUFFIX = ".class";

    /** Loads and initializes all classes of the bundle a service is from, except libraries that travel inside it. */
    static void classesBeside(Object service) {
        Class<?> type = service.getClass();
        Bundle bundle = FrameworkUtil.getBundle(type);
        if (bundle == null) {
            return; // not in a framework
        }
        String[] segments = type.getPackageName().split("\\.");
        String own = segments.length < 2 ? "/" : "/" + segments[0] + "/" + segments[1];
        Enumeration<URL> classes = bundle.findEntries(own, "*" + SUFFIX, true);
        for (URL url : Collections.list(classes == null ? Collections.emptyEnumeration() : classes)) {
            String path = url.getPath();
            String name = path.substring(1, path.length() - SUFFIX.length()).replace('/', '.');
            try {
                Class.forName(name, true, type.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                // one that needs what is optional; whoever needs it will say so
            }
        }
    }

    private Preload() {
    }
}
