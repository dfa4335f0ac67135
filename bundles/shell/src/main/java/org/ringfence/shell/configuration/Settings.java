package org.ringfence.shell.configuration;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.MetaTypeInformation;
import org.osgi.service.metatype.MetaTypeService;
import org.osgi.service.metatype.ObjectClassDefinition;

/** What can be configured, by PID, as bundles describe it (MetaType), and what is configured (ConfigurationAdmin). Any thread. */
@Component(service = Settings.class)
public final class Settings {
    private final BundleContext context;
    private final MetaTypeService types;
    private final ConfigurationAdmin configurations;

    /**
     * One key of a configuration.
     *
     * @param value as it is configured; null if it is not
     */
    public record Setting(AttributeDefinition definition, Object value) {
        public String key() {
            return definition.getID();
        }

        public String fallback() {
            String[] values = definition.getDefaultValue();
            return values == null ? "" : String.join(", ", values);
        }

        /** The value in force, as text. */
        public String text() {
            return value == null ? fallback() : Settings.text(value);
        }
    }

    @Activate
    public Settings(BundleContext context, @Reference MetaTypeService types, @Reference ConfigurationAdmin configurations) {
        this.context = context;
        this.types = types;
        this.configurations = configurations;
    }

    static String text(Object value) {
        return value instanceof Object[] array ? String.join(", ", Arrays.stream(array).map(String::valueOf).toList()) : String.valueOf(value);
    }

    /** What a bundle says of a PID, or null if it says nothing. */
    public ObjectClassDefinition definition(Bundle bundle, String pid) {
        MetaTypeInformation information = types.getMetaTypeInformation(bundle);
        boolean described = information != null && Arrays.asList(information.getPids()).contains(pid);
        return described ? information.getObjectClassDefinition(pid, null) : null;
    }

    /** The definition that some bundle has of a PID, or null. */
    public ObjectClassDefinition definition(String pid) {
        for (Bundle bundle : context.getBundles()) {
            ObjectClassDefinition definition = bundle.getState() >= Bundle.RESOLVED ? definition(bundle, pid) : null;
            if (definition != null) {
                return definition;
            }
        }
        return null;
    }

    /** The keys of a PID with their values; empty if nobody describes it. */
    public List<Setting> settings(String pid) {
        ObjectClassDefinition definition = definition(pid);
        List<Setting> settings = new ArrayList<>();
        if (definition != null) {
            Dictionary<String, Object> values = values(pid);
            for (AttributeDefinition attribute : definition.getAttributeDefinitions(ObjectClassDefinition.ALL)) {
                settings.add(new Setting(attribute, values.get(attribute.getID())));
            }
        }
        return settings;
    }

    private Dictionary<String, Object> values(String pid) {
        try {
            Configuration[] found = configurations.listConfigurations("(service.pid=" + pid + ")");
            return found == null ? new Hashtable<>() : found[0].getProcessedProperties(null);
        } catch (IOException | org.osgi.framework.InvalidSyntaxException e) {
            throw new IllegalStateException("configuration " + pid + ": " + e.getMessage(), e);
        }
    }

    /**
     * Changes one key until the gateway ends, or the file that has it changes.
     *
     * @return the values before, for {@link #restore}
     * @throws IllegalArgumentException naming key, value and what to write
     */
    public Map<String, Object> set(String pid, String key, String value) {
        Setting setting = settings(pid).stream().filter(s -> s.key().equals(key)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "key '" + key + "' is unknown: write one of " + String.join(", ", settings(pid).stream().map(Setting::key).toList())));
        String wrong = Values.wrong(setting.definition(), value);
        if (wrong != null) {
            throw new IllegalArgumentException(key + " '" + value + "' " + wrong);
        }
        Map<String, Object> before = new TreeMap<>();
        Dictionary<String, Object> values = values(pid);
        values.keys().asIterator().forEachRemaining(k -> before.put(k, values.get(k)));
        Map<String, Object> after = new TreeMap<>(before);
        after.put(key, value);
        restore(pid, after);
        return before;
    }

    public void restore(String pid, Map<String, Object> values) {
        try {
            configurations.getConfiguration(pid, "?").update(new Hashtable<>(values));
        } catch (IOException e) {
            throw new IllegalStateException("configuration " + pid + ": " + e.getMessage(), e);
        }
    }
}
