package org.ringfence.shell.command;

import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.ringfence.shell.text.Rows;

/** {@code ringfence:bundles}: the bundles of the gateway. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "bundles"})
public final class BundlesCommand extends Command {
    private final BundleContext context;

    @Activate
    public BundlesCommand(BundleContext context) {
        super(new Usage("bundles", "the bundles, with the services they offer and how long ago they were replaced")
                .flag("--json", "for scripts"));
        this.context = context;
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Rows rows = new Rows("none").number("id").text("state", "name", "version").number("services").span("age");
        for (Bundle bundle : context.getBundles()) {
            ServiceReference<?>[] services = bundle.getRegisteredServices();
            rows.row(bundle.getBundleId(), state(bundle), bundle.getSymbolicName(), bundle.getVersion(),
                    services == null ? 0 : services.length, bundle.getLastModified() == 0 ? null : Math.max(0, System.currentTimeMillis() - bundle.getLastModified()));
        }
        return rows;
    }

    static String state(Bundle bundle) {
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
