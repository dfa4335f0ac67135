package org.ringfence.api.gateway;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/** Exchanges bundles while the gateway runs, make before break. A service; any thread, one swap at a time. */
@ProviderType
public interface BundleSwap {
    /** The old version stays in charge; the message says why, in one line. */
    final class Failed extends Exception {
        private static final long serialVersionUID = 1;

        public Failed(String message) {
            super(message);
        }
    }

    /**
     * Installs and starts a jar beside the bundle it is a version of, waits until it has taken over all that one does, and retires that one.
     *
     * @param bundle id of the bundle to be replaced
     * @param progress told each step, in one line
     * @return what has become of it, in one line
     */
    String swap(long bundle, Path jar, Consumer<String> progress) throws Failed;
}
