package org.ringfence.gateway.swap;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.wiring.FrameworkWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a bundle that another one has taken over from. One of the installation is stopped, and is there if its successor
 * goes; so is one that a swap installed, and takes the jar of a later swap; the file of one that was deployed is renamed, so that the next
 * start does not bring it back, unless other instances have that folder, too: then it is stopped, and noted; any other one is uninstalled.
 */
final class Retirement {
    private static final Logger LOG = LoggerFactory.getLogger(Retirement.class);
    static final String SUFFIX = ".replaced";

    private final BundleContext context;
    private final Path shipped;
    private final Path shared;
    private final ReplacedFiles replaced;

    Retirement(BundleContext context) {
        this.context = context;
        Path runtime = Path.of(String.valueOf(context.getProperty("ringfence.runtime"))).toAbsolutePath();
        shipped = runtime.resolve("bundle");
        shared = runtime.resolve("deploy");
        replaced = new ReplacedFiles(Path.of(String.valueOf(context.getProperty("ringfence.state")), "data", "replaced"));
    }

    boolean isShipped(Bundle bundle) {
        Path file = file(bundle);
        return file != null && file.startsWith(shipped);
    }

    /** Whether this instance has replaced it, now or before its last start, and its file is still there for others. */
    boolean isReplaced(Bundle bundle) {
        Path file = file(bundle);
        return file != null && replaced.contains(file);
    }

    private static boolean isDeployed(Bundle bundle) {
        Path file = file(bundle);
        return file != null && file.getParent().endsWith("deploy");
    }

    /** The file a bundle was installed from; null if its location names none. */
    private static Path file(Bundle bundle) {
        try {
            URI location = URI.create(bundle.getLocation());
            return "file".equals(location.getScheme()) && location.getPath() != null ? Path.of(location.getPath()).toAbsolutePath() : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** What was done, in one line. */
    String retire(Bundle bundle) throws BundleException {
        String name = bundle.getSymbolicName() + " " + bundle.getVersion() + " (bundle " + bundle.getBundleId() + ")";
        if (isShipped(bundle) || bundle.getLocation().startsWith(BundleSwapper.LOCATION)) {
            bundle.stop();
            return name + " is stopped";
        }
        if (isDeployed(bundle) && file(bundle).startsWith(shared)) {
            replaced.add(file(bundle));
            bundle.stop(); // for good: who watches the directory does not start it again
            return name + " is stopped, its file stays for other instances";
        }
        String renamed = "";
        if (isDeployed(bundle)) {
            Path file = file(bundle);
            try {
                Files.move(file, file.resolveSibling(file.getFileName() + SUFFIX), StandardCopyOption.REPLACE_EXISTING);
                renamed = ", its file is now " + file.getFileName() + SUFFIX;
                bundle.stop(Bundle.STOP_TRANSIENT);
                return name + " is retired" + renamed; // who watches the directory uninstalls it
            } catch (IOException e) {
                LOG.warn("{}: cannot be renamed: {}: it will be back at the next start", file, e.toString());
            }
        }
        bundle.uninstall();
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(List.of(bundle));
        return name + " is uninstalled";
    }
}
