package org.ringfence.shell.command;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

/** The components that do not work, and what each of them waits for. Any thread. */
@Component(service = Missing.class)
public final class Missing {
    /**
     * Something that should be there.
     *
     * @param what a component or a part
     * @param why what it waits for, or why it failed
     */
    public record Part(String what, String why) {
    }

    private final ServiceComponentRuntime components;

    @Activate
    public Missing(@Reference ServiceComponentRuntime components) {
        this.components = components;
    }

    public List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        for (ComponentDescriptionDTO description : components.getComponentDescriptionDTOs()) {
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(description)) {
                if (configuration.state == ComponentConfigurationDTO.UNSATISFIED_REFERENCE) {
                    for (UnsatisfiedReferenceDTO reference : configuration.unsatisfiedReferences) {
                        parts.add(new Part(description.name, "waits for " + wanted(description, reference)));
                    }
                } else if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
                    parts.add(new Part(description.name, "failed: " + reason(configuration.failure)));
                }
            }
        }
        return parts;
    }

    private static String wanted(ComponentDescriptionDTO description, UnsatisfiedReferenceDTO unsatisfied) {
        return Arrays.stream(description.references).filter(r -> r.name.equals(unsatisfied.name)).findFirst().map(Missing::text)
                .orElse(unsatisfied.name);
    }

    private static String text(ReferenceDTO reference) {
        return "the service " + reference.interfaceName + (reference.target == null ? "" : " " + reference.target);
    }

    /** The first line of what a component threw, as SCR keeps it, without the exception's class. */
    private static String reason(String failure) {
        String line = failure == null ? "unknown" : failure.lines().filter(l -> l.startsWith("Caused by:")).reduce((a, b) -> b)
                .orElse(failure.lines().findFirst().orElse("unknown"));
        return line.replaceFirst("^(Caused by: )?[\\w.$]+(Exception|Error): ", "");
    }
}
