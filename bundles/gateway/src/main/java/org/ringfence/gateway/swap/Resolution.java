package org.ringfence.gateway.swap;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Version;
import org.osgi.framework.namespace.PackageNamespace;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.ringfence.api.handover.Trial;

/** Resolves a bundle, or says in one line why that cannot be. */
final class Resolution {
    private static final Pattern PACKAGE = Pattern.compile("\\(osgi\\.wiring\\.package=([\\w.]+)\\)(?:\\(version>=([\\w.]+)\\))?");

    private final BundleContext context;

    Resolution(BundleContext context) {
        this.context = context;
    }

    /** Empty if the bundle is resolved. */
    String problem(Bundle bundle) {
        if (context.getBundle(0).adapt(FrameworkWiring.class).resolveBundles(List.of(bundle))) {
            return "";
        }
        try {
            bundle.start();
            return "";
        } catch (BundleException e) {
            return explain(e);
        }
    }

    private String explain(BundleException e) {
        Matcher wanted = PACKAGE.matcher(String.valueOf(e.getMessage()));
        String name = null;
        String version = null;
        while (wanted.find()) { // the last one is the cause of those before it
            name = wanted.group(1);
            version = wanted.group(2);
        }
        if (name == null) {
            return "it does not resolve: " + Trial.oneLine(e);
        }
        String present = exported(name);
        return "it does not resolve: it needs package " + name + (version == null ? "" : " " + version + " or later")
                + (present.isEmpty() ? ", and nobody has that" : ", and here is " + present);
    }

    private String exported(String name) {
        return Stream.of(context.getBundles()).map(bundle -> bundle.adapt(BundleWiring.class)).filter(wiring -> wiring != null)
                .flatMap(wiring -> wiring.getCapabilities(PackageNamespace.PACKAGE_NAMESPACE).stream())
                .filter(capability -> name.equals(capability.getAttributes().get(PackageNamespace.PACKAGE_NAMESPACE)))
                .map(capability -> (Version) capability.getAttributes().get("version")).max(Version::compareTo).map(Version::toString).orElse("");
    }
}
