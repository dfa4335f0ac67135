package org.ringfence.shell.command;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.ringfence.api.gateway.BundleSwap;

/** {@code ringfence:swap}: replaces a bundle by another version while the gateway runs. */
@Component(service = Command.class, property = {Command.SCOPE, Command.FUNCTION + "swap"})
public final class SwapCommand extends Command {
    private static final String PREFIX = "org.ringfence.";

    private final BundleContext context;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile BundleSwap swap;

    @Activate
    public SwapCommand(BundleContext context) {
        super(new Usage("swap", "replaces a bundle by another version while connections live, or says why not")
                .operand("BUNDLE", "its id, its symbolic name, or what follows " + PREFIX, () -> names(context))
                .operand("JAR", "the whole path of the new version", List::of)
                .example("swap policy /srv/ringfence/org.ringfence.policy-2.jar"));
        this.context = context;
    }

    private static List<String> names(BundleContext context) {
        return Arrays.stream(context.getBundles()).map(Bundle::getSymbolicName).filter(Objects::nonNull).filter(name -> name.startsWith(PREFIX))
                .map(name -> name.substring(PREFIX.length())).distinct().sorted().toList();
    }

    @Override
    protected Object run(Arguments arguments, Screen screen) {
        Bundle former = find(arguments.get("BUNDLE"));
        BundleSwap present = swap;
        if (present == null) {
            throw new Failure(Failure.FAILED, "swap: the gateway is not there: 'status' says what it waits for");
        }
        try {
            return "swapped: " + present.swap(former.getBundleId(), Path.of(arguments.get("JAR")), screen::line);
        } catch (BundleSwap.Failed e) {
            throw new Failure(Failure.FAILED, "not swapped: " + e.getMessage());
        }
    }

    /** Of several versions the one that runs, the latest. */
    private Bundle find(String wanted) {
        String part = wanted.replaceFirst("^syscall-", "").replaceFirst("-bundle$", "");
        List<String> names = List.of(wanted, PREFIX + part);
        return Arrays.stream(context.getBundles())
                .filter(bundle -> wanted.equals(Long.toString(bundle.getBundleId())) || names.contains(bundle.getSymbolicName()))
                .max(Comparator.comparing((Bundle bundle) -> bundle.getState() == Bundle.ACTIVE).thenComparing(Bundle::getBundleId))
                .orElseThrow(() -> new Failure(Failure.FAILED, "swap: bundle '" + wanted + "' is not there: 'bundles' lists them"));
    }
}
