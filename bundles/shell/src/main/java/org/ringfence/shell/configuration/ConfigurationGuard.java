package org.ringfence.shell.configuration;

import java.util.Collections;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationPlugin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands between configuration and components: a value that does not fit its MetaType definition is refused, said once in the log with its
 * key, and the value before it, or else the default, stays in force. Any thread.
 */
@Component(service = ConfigurationPlugin.class, immediate = true, property = ConfigurationPlugin.CM_RANKING + ":Integer=100")
public final class ConfigurationGuard implements ConfigurationPlugin {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationGuard.class);
    /** Keys that are the platform's in any configuration. */
    private static final Set<String> PLATFORM = Set.of(Constants.SERVICE_PID, "service.factoryPid", "service.bundleLocation",
            Constants.SERVICE_RANKING, "felix.fileinstall.filename");

    private final Settings settings;
    /** By PID and key: the last value that was right. */
    private final Map<String, Object> good = new ConcurrentHashMap<>();
    /** By PID and key: the wrong value that was logged. */
    private final Map<String, String> logged = new ConcurrentHashMap<>();

    @Activate
    public ConfigurationGuard(@Reference Settings settings) {
        this.settings = settings;
    }

    @Override
    public void modifyConfiguration(ServiceReference<?> reference, Dictionary<String, Object> properties) {
        Object factory = properties.get("service.factoryPid");
        String pid = String.valueOf(properties.get(Constants.SERVICE_PID));
        ObjectClassDefinition definition = settings.definition(factory == null ? pid : factory.toString());
        if (definition == null) {
            return;
        }
        Map<String, AttributeDefinition> keys = List.of(definition.getAttributeDefinitions(ObjectClassDefinition.ALL)).stream()
                .collect(Collectors.toMap(AttributeDefinition::getID, attribute -> attribute));
        for (String key : Collections.list(properties.keys())) {
            AttributeDefinition attribute = keys.get(key);
            String place = pid + " " + key;
            if (attribute != null) {
                check(pid, attribute, place, properties);
            } else if (!PLATFORM.contains(key) && !key.startsWith(".") && logged.put(place, "") == null) {
                LOG.warn("{}: key '{}' is unknown, and nothing comes of it: it takes {}", pid, key, String.join(", ", keys.keySet()));
            }
        }
    }

    private void check(String pid, AttributeDefinition attribute, String place, Dictionary<String, Object> properties) {
        String key = attribute.getID();
        Object value = properties.get(key);
        String wrong = Values.wrong(attribute, value);
        if (wrong == null) {
            good.put(place, value);
            logged.remove(place);
            return;
        }
        Object before = good.get(place);
        if (before == null) {
            properties.remove(key);
        } else {
            properties.put(key, before);
        }
        String text = Settings.text(value);
        if (!text.equals(logged.put(place, text))) {
            LOG.error("{}: {} '{}' {}; {}", pid, key, text, wrong,
                    before == null ? "the default stays in force" : "'" + Settings.text(before) + "' stays in force");
        }
    }
}
