package org.ringfence.gateway.swap;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
import org.osgi.framework.BundleListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows bundles that are put beside another version of themselves, or taken away: the one before is retired when the new one has taken over,
 * and one of the installation is started again when its successor is gone. Tells of files beside them that are no bundles.
 */
final class DeployWatch implements BundleListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeployWatch.class);
    /** So long after its installation a bundle that does not run is worth a line. */
    private static final long START_SECONDS = 2;
    private static final long LOOK_SECONDS = 2;

    private final BundleContext context;
    private final BundleSwapper swapper;
    private final Resolution resolution;
    private final Retirement retirement;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread worker = new Thread(task, "ringfence-deploy");
        worker.setDaemon(true);
        return worker;
    });

    DeployWatch(BundleContext context, BundleSwapper swapper, Resolution resolution, Retirement retirement) {
        this.context = context;
        this.swapper = swapper;
        this.resolution = resolution;
        this.retirement = retirement;
        context.addBundleListener(this);
        PassedOver files = new PassedOver(Stream.of("ringfence.runtime", "ringfence.state").map(context::getProperty).filter(Objects::nonNull)
                .map(folder -> Path.of(folder, "deploy")).toList());
        thread.scheduleWithFixedDelay(() -> look(files), LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    /** Whatever happens, there is another look. */
    private static void look(PassedOver files) {
        try {
            files.look((file, reason) -> LOG.error("{} is passed over: {}; put in a whole bundle, or remove it", file, reason));
        } catch (RuntimeException e) {
            LOG.warn("looking for files that are no bundles: {}", e.toString());
        }
    }

    @Override
    public void bundleChanged(BundleEvent event) {
        Bundle bundle = event.getBundle();
        if (bundle.getSymbolicName() == null || bundle.getLocation().startsWith(BundleSwapper.LOCATION) && event.getType() != BundleEvent.UNINSTALLED) {
            return;
        }
        try {
            switch (event.getType()) {
                case BundleEvent.STARTED -> thread.execute(() -> started(bundle));
                case BundleEvent.INSTALLED -> thread.schedule(() -> installed(bundle), START_SECONDS, TimeUnit.SECONDS);
                case BundleEvent.UNINSTALLED -> thread.execute(() -> uninstalled(bundle));
                default -> {
                }
            }
        } catch (RejectedExecutionException e) {
            // the gateway is ending
        }
    }

    private Stream<Bundle> others(Bundle bundle) {
        return Stream.of(context.getBundles()).filter(other -> other != bundle && bundle.getSymbolicName().equals(other.getSymbolicName()));
    }

    private static boolean isActive(Bundle bundle) {
        return bundle.getState() == Bundle.ACTIVE;
    }

    private void started(Bundle bundle) {
        if (retirement.isReplaced(bundle) && others(bundle).anyMatch(other -> isActive(other) && !retirement.isShipped(other))) {
            try { // at a start of the gateway, after the one that has replaced it
                bundle.stop();
                LOG.info("{} has been replaced before: it is stopped", BundleSwapper.name(bundle));
            } catch (BundleException e) {
                LOG.warn("{} has been replaced before, and cannot be stopped: {}", BundleSwapper.name(bundle), e.getMessage());
            }
            return;
        }
        others(bundle).filter(DeployWatch::isActive).filter(other -> other.getBundleId() < bundle.getBundleId())
                .forEach(former -> swapper.deployed(former, bundle));
    }

    private void installed(Bundle bundle) {
        if (bundle.getState() == Bundle.INSTALLED && others(bundle).anyMatch(DeployWatch::isActive)) {
            String problem = resolution.problem(bundle);
            if (!problem.isEmpty()) {
                Bundle former = others(bundle).filter(DeployWatch::isActive).findFirst().orElse(bundle);
                LOG.error("{} was deployed and is not in charge: {}; {} stays in charge", BundleSwapper.name(bundle), problem,
                        BundleSwapper.name(former));
            }
        }
    }

    private void uninstalled(Bundle bundle) {
        if (others(bundle).anyMatch(DeployWatch::isActive)) {
            return;
        }
        Optional<Bundle> shipped = others(bundle).filter(retirement::isShipped).max(Comparator.comparingLong(Bundle::getBundleId));
        shipped.ifPresent(before -> {
            try {
                before.start();
                LOG.info("{} is gone: {} of the installation is started again", BundleSwapper.name(bundle), BundleSwapper.name(before));
            } catch (BundleException e) {
                LOG.error("{} is gone, and {} of the installation does not start: {}", BundleSwapper.name(bundle), BundleSwapper.name(before),
                        e.getMessage());
            }
        });
    }

    @Override
    public void close() {
        context.removeBundleListener(this);
        thread.shutdownNow();
    }
}
