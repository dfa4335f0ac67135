package org.ringfence.shell.configuration;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.Dictionary;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;
import org.osgi.service.cm.ConfigurationListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells components again of a configuration whose last change they were not told. Felix SCR (2.2.18, RegionConfigurationSupport) reads a
 * configuration's values and then the count of its changes: a change between the two is taken for known, and never passed on. A while after
 * each change what components have is compared with what is configured. A thread of its own.
 */
@Component(service = ConfigurationListener.class, immediate = true)
public final class LostChanges implements ConfigurationListener {
    private static final Logger LOG = LoggerFactory.getLogger(LostChanges.class);
    private static final long SETTLED_MILLISECONDS = 300;
    private static final int ATTEMPTS = 5;

    private final ConfigurationAdmin configurations;
    private final ServiceComponentRuntime components;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "ringfence-configuration");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, ScheduledFuture<?>> due = new ConcurrentHashMap<>();
    /** By PID: how often it was told again, and did not help yet. */
    private final Map<String, Integer> attempts = new ConcurrentHashMap<>();

    @Activate
    public LostChanges(@Reference ConfigurationAdmin configurations, @Reference ServiceComponentRuntime components) {
        this.configurations = configurations;
        this.components = components;
    }

    @Deactivate
    void deactivate() {
        clock.shutdownNow();
    }

    @Override
    public void configurationEvent(ConfigurationEvent event) {
        if (event.getType() == ConfigurationEvent.CM_UPDATED && !clock.isShutdown()) {
            String pid = event.getPid();
            ScheduledFuture<?> before = due.put(pid, clock.schedule(() -> look(pid), SETTLED_MILLISECONDS, TimeUnit.MILLISECONDS));
            if (before != null) {
                before.cancel(false);
            }
        }
    }

    private void look(String pid) {
        due.remove(pid);
        try {
            Configuration[] found = configurations.listConfigurations("(service.pid=" + pid + ")");
            if (found == null || !isLost(found[0])) {
                attempts.remove(pid);
            } else if (attempts.merge(pid, 1, Integer::sum) <= ATTEMPTS) {
                LOG.debug("{}: a change did not reach its component: it is told again", pid);
                found[0].update(found[0].getProperties());
            }
        } catch (IOException | InvalidSyntaxException | IllegalStateException e) {
            LOG.debug("{}: {}", pid, e.toString()); // it was deleted meanwhile, or the gateway ends
        }
    }

    private boolean isLost(Configuration configuration) {
        String named = configuration.getFactoryPid() == null ? configuration.getPid() : configuration.getFactoryPid();
        Dictionary<String, Object> wanted = configuration.getProcessedProperties(null);
        return components.getComponentDescriptionDTOs().stream()
                .filter(component -> Arrays.asList(component.configurationPid).contains(named))
                .flatMap(component -> components.getComponentConfigurationDTOs(component).stream())
                .filter(component -> isOf(component, configuration.getPid()))
                .anyMatch(component -> differs(component, wanted));
    }

    private static boolean isOf(ComponentConfigurationDTO component, String pid) {
        Object pids = component.properties.get(Constants.SERVICE_PID);
        return pid.equals(pids) || pids instanceof Object[] several && Stream.of(several).anyMatch(pid::equals);
    }

    private static boolean differs(ComponentConfigurationDTO component, Dictionary<String, Object> wanted) {
        return Collections.list(wanted.keys()).stream().filter(key -> !key.startsWith("service.") && !key.startsWith("."))
                .anyMatch(key -> !Objects.deepEquals(component.properties.get(key), wanted.get(key)));
    }
}
