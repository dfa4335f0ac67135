package org.ringfence.gateway.swap;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.ringfence.api.gateway.BundleSwap;
import org.ringfence.api.gateway.Gateway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Exchanges a bundle for another version of itself, make before break; and does the same when a jar was deployed beside one. */
@Component(immediate = true)
public final class BundleSwapper implements BundleSwap {
    /** Begins the location of a bundle that was installed here. */
    static final String LOCATION = "ringfence-swap:";

    private static final Logger LOG = LoggerFactory.getLogger(BundleSwapper.class);
    private static final long TAKEOVER_SECONDS = 15;
    private static final long LOOK_NANOSECONDS = 2_000_000;

    private final BundleContext context;
    private final Gateway gateway;
    private final Resolution resolution;
    private final Retirement retirement;
    private final DeployWatch watch;
    private final AtomicLong installed = new AtomicLong();

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    volatile ServiceComponentRuntime components;

    @Activate
    public BundleSwapper(BundleContext context, @Reference Gateway gateway) {
        this.context = context;
        this.gateway = gateway;
        resolution = new Resolution(context);
        retirement = new Retirement(context);
        watch = new DeployWatch(context, this, resolution, retirement);
    }

    @Deactivate
    void end() {
        watch.close();
    }

    @Override
    public synchronized String swap(long id, Path jar, Consumer<String> progress) throws Failed {
        long start = System.nanoTime();
        Bundle former = context.getBundle(id);
        if (former == null) {
            throw new Failed("no bundle has the id " + id);
        }
        String inCharge = name(former) + (former.getState() == Bundle.ACTIVE ? " stays in charge" : " is as it was");
        Bundle next;
        try {
            next = install(former, jar);
        } catch (Failed e) {
            throw new Failed(e.getMessage() + "; " + inCharge);
        }
        try {
            progress.accept("installed as bundle " + next.getBundleId());
            String problem = resolution.problem(next);
            if (!problem.isEmpty()) {
                throw new Failed(problem);
            }
            Takeover takeover = new Takeover(gateway, () -> components, former, next);
            start(next);
            progress.accept("started");
            await(takeover);
            progress.accept(takeover.wanted().isEmpty() ? "running" : "in charge of " + String.join(", ", takeover.wanted()));
        } catch (Failed e) {
            LOG.error("{} of {} is not swapped in: {}; {}", name(next), jar, e.getMessage(), inCharge);
            stop(next);
            throw new Failed(e.getMessage() + "; " + inCharge);
        }
        try {
            progress.accept(retirement.retire(former));
        } catch (BundleException e) {
            LOG.warn("{} has been replaced and cannot be retired: {}", name(former), e.getMessage());
        }
        String result = name(former) + " -> " + name(next) + ", " + (System.nanoTime() - start) / 1_000_000 + " ms";
        LOG.info("swapped: {}", result);
        return result;
    }

    static String name(Bundle bundle) {
        return bundle.getSymbolicName() + " " + bundle.getVersion() + " (bundle " + bundle.getBundleId() + ")";
    }

    private Bundle install(Bundle former, Path jar) throws Failed {
        if (!jar.isAbsolute()) {
            throw new Failed(jar + ": write the whole path, the gateway has a directory of its own");
        }
        if (!Files.isRegularFile(jar)) {
            throw new Failed(jar + ": there is no such file");
        }
        String symbolicName = symbolicName(jar);
        if (!former.getSymbolicName().equals(symbolicName)) {
            throw new Failed(jar + " is a version of " + symbolicName + ", not of " + former.getSymbolicName());
        }
        try (InputStream stream = Files.newInputStream(jar)) {
            Bundle twin = retired(former);
            if (twin == null) {
                return context.installBundle(LOCATION + installed.incrementAndGet() + ":" + symbolicName, stream);
            }
            twin.update(stream);
            refresh(twin);
            return twin;
        } catch (IOException | BundleException e) {
            throw new Failed(jar + ": " + Takeover.oneLine(e));
        }
    }

    /**
     * A bundle that an earlier swap installed and a later one retired: it takes the new jar. Two bundles in turn are enough, and the framework
     * keeps something of each bundle that ever used a service which lives on, also of an uninstalled one.
     */
    private Bundle retired(Bundle former) {
        return Arrays.stream(context.getBundles()).filter(bundle -> bundle != former && bundle.getLocation().startsWith(LOCATION)
                && former.getSymbolicName().equals(bundle.getSymbolicName()) && (bundle.getState() & (Bundle.INSTALLED | Bundle.RESOLVED)) != 0)
                .findFirst().orElse(null);
    }

    /** Lets the framework forget the class loader of the jar the bundle had before. */
    private void refresh(Bundle bundle) {
        CountDownLatch done = new CountDownLatch(1);
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(List.of(bundle), event -> done.countDown());
        try {
            done.await(TAKEOVER_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String symbolicName(Path jar) throws Failed {
        try (JarFile file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            String name = manifest == null ? null : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            if (name == null) {
                throw new Failed(jar + " is no bundle: its manifest has no " + Constants.BUNDLE_SYMBOLICNAME);
            }
            return name.split(";")[0].trim();
        } catch (IOException e) {
            throw new Failed(jar + " is no jar: " + Takeover.oneLine(e));
        }
    }

    private static void start(Bundle next) throws Failed {
        try {
            next.start();
        } catch (BundleException e) {
            throw new Failed("it does not start: " + Takeover.oneLine(e.getCause() == null ? e : e.getCause()));
        }
    }

    private void stop(Bundle next) {
        try {
            next.stop();
        } catch (BundleException e) {
            LOG.warn("{} cannot be stopped: {}", name(next), e.getMessage());
        }
    }

    /** Waits until the next bundle has taken over. */
    void await(Takeover takeover) throws Failed {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TAKEOVER_SECONDS);
        for (;;) {
            Set<String> missing = takeover.missing();
            if (missing.isEmpty()) {
                return;
            }
            if (System.nanoTime() - end > 0) {
                throw new Failed(takeover.reason(missing));
            }
            LockSupport.parkNanos(LOOK_NANOSECONDS);
        }
    }

    /** A bundle was deployed beside another version of itself, and started. */
    synchronized void deployed(Bundle former, Bundle next) {
        if (former.getState() != Bundle.ACTIVE || next.getState() != Bundle.ACTIVE) {
            return;
        }
        try {
            await(new Takeover(gateway, () -> components, former, next));
            LOG.info("swapped: {} -> {}; {}", name(former), name(next), retirement.retire(former));
        } catch (Failed e) {
            LOG.error("{} was deployed and is not in charge: {}; it is stopped, {} stays in charge", name(next), e.getMessage(), name(former));
            stop(next); // else a part of it would go on beside the other one
        } catch (BundleException e) {
            LOG.warn("{} has been replaced and cannot be retired: {}", name(former), e.getMessage());
        }
    }
}
