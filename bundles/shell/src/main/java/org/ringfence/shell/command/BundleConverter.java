package org.ringfence.shell.command;

import java.util.Arrays;

import org.apache.felix.service.command.Converter;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Lets commands such as {@code felix:stop} take a bundle by its id or its symbolic name, as {@code bundles} shows them. */
@Component(property = Converter.CONVERTER_CLASSES + "=org.osgi.framework.Bundle")
public final class BundleConverter implements Converter {

    private final BundleContext context;

    @Activate
    public BundleConverter(BundleContext context) {
        this.context = context;
    }

    @Override
    public Object convert(Class<?> desiredType, Object in) {
        if (desiredType != Bundle.class) {
            return null;
        }
        String wanted = in.toString();
        return Arrays.stream(context.getBundles())
                .filter(bundle -> wanted.equals(Long.toString(bundle.getBundleId())) || wanted.equals(bundle.getSymbolicName()))
                .findFirst().orElse(null);
    }

    /** Null: bundles are shown as any object is. */
    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        return null;
    }
}
