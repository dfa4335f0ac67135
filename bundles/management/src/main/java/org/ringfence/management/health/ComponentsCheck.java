package org.ringfence.management.health;

import java.util.Arrays;
import org.apache.felix.hc.api.FormattingResultLog;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** Whether every bundle runs and every component of it works; if not, what it waits for. */
@Component(property = {HealthCheck.NAME + "=components", HealthCheck.TAGS + "=ringfence"})
public final class ComponentsCheck implements HealthCheck {
    private static final String OWN = "org.ringfence.";

    private final BundleContext context;
    private final ServiceComponentRuntime components;

    @Activate
    public ComponentsCheck(BundleContext context, @Reference ServiceComponentRuntime components) {
        this.context = context;
        this.components = components;
    }

    @Override
    public Result execute() {
        FormattingResultLog log = new FormattingResultLog();
        for (Bundle bundle : context.getBundles()) {
            boolean framework = bundle.getBundleId() == 0; // which is active only when all start levels are reached
            if (!framework && bundle.getState() != Bundle.ACTIVE && bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                log.warn("bundle {} {} is not active: 'felix:start {}' says why", bundle.getSymbolicName(), bundle.getVersion(), bundle.getBundleId());
            }
        }
        int working = 0;
        for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs()) {
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(description)) {
                working += configuration.state == ComponentConfigurationDTO.ACTIVE || configuration.state == ComponentConfigurationDTO.SATISFIED ? 1 : 0;
                look(log, description, configuration);
            }
        }
        log.info("{} bundles, {} components", context.getBundles().length, working);
        return new Result(log);
    }

    private static void look(FormattingResultLog log, ComponentDescriptionDTO description, ComponentConfigurationDTO configuration) {
        String message = null;
        if (configuration.state == ComponentConfigurationDTO.UNSATISFIED_REFERENCE) {
            message = "waits for " + String.join(" and ", Arrays.stream(configuration.unsatisfiedReferences).map(r -> wanted(description, r)).toList());
        } else if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
            message = "failed: " + reason(configuration.failure);
        }
        if (message != null && description.name.startsWith(OWN)) {
            log.critical("{} {}", description.name, message);
        } else if (message != null) {
            log.warn("{} {}", description.name, message);
        }
    }

    private static String wanted(ComponentDescriptionDTO description, UnsatisfiedReferenceDTO unsatisfied) {
        return Arrays.stream(description.references).filter(r -> r.name.equals(unsatisfied.name)).findFirst().map(ComponentsCheck::text)
                .orElse(unsatisfied.name);
    }

    private static String text(ReferenceDTO reference) {
        return "the service " + reference.interfaceName + (reference.target == null ? "" : " " + reference.target);
    }

    /** The innermost cause of what a component threw, in one line, as SCR keeps the stack trace. */
    private static String reason(String failure) {
        if (failure == null) {
            return "unknown";
        }
        return failure.lines().filter(line -> line.startsWith("Caused by: ")).reduce((first, last) -> last).orElse(failure.lines().findFirst().orElse(""))
                .replaceFirst("^(Caused by: )?[\\w.$]+(Exception|Error): ", "");
    }
}
