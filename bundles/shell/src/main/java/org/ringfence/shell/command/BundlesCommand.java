package org.ringfence.shell.command;

import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Descriptor;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** {@code ringfence:bundles}: the bundles of the gateway, one line each. */
@Component(service = BundlesCommand.class, property = {
    CommandProcessor.COMMAND_SCOPE + "=ringfence",
    CommandProcessor.COMMAND_FUNCTION + "=bundles"
})
public final class BundlesCommand {

    private final BundleContext context;

    @Activate
    public BundlesCommand(BundleContext context) {
        this.context = context;
    }

    @Descriptor("bundles with id, state, name and version")
    public String bundles() {
        Table table = new Table(">ID", "STATE", "NAME", "VERSION");
        for (Bundle bundle : context.getBundles()) {
            table.row(bundle.getBundleId(), state(bundle), bundle.getSymbolicName(), bundle.getVersion());
        }
        return table.toString();
    }

    private static String state(Bundle bundle) {
        // a fragment is attached to its host and is never started
        boolean fragment = bundle.getHeaders().get(Constants.FRAGMENT_HOST) != null;
        return switch (bundle.getState()) {
            case Bundle.INSTALLED -> "installed";
            case Bundle.RESOLVED -> fragment ? "fragment" : "resolved";
            case Bundle.STARTING -> "starting";
            case Bundle.ACTIVE -> "active";
            case Bundle.STOPPING -> "stopping";
            default -> "uninstalled";
        };
    }
}
