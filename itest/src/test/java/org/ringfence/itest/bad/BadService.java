package org.ringfence.itest.bad;

import java.lang.reflect.Proxy;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.concurrent.locks.LockSupport;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/** Registers a service that throws, or does not return, whatever it is asked. The bundle's headers say what. */
public final class BadService implements BundleActivator {
    public static final String INTERFACE = "Bad-Interface";
    public static final String CONDUCT = "Bad-Conduct";

    @Override
    public void start(BundleContext context) throws ClassNotFoundException {
        String conduct = context.getBundle().getHeaders().get(CONDUCT);
        if (conduct.equals("does not start")) {
            throw new IllegalStateException("for the test");
        }
        Class<?> type = Class.forName(context.getBundle().getHeaders().get(INTERFACE));
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put("ringfence.abi", "linux");
        context.registerService(type.getName(), Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "equals":
                    return proxy == arguments[0];
                case "hashCode":
                    return System.identityHashCode(proxy);
                case "toString":
                    return "bad";
                default:
                    if (conduct.equals("stalls")) {
                        LockSupport.parkNanos(Long.MAX_VALUE);
                    }
                    throw new IllegalStateException("for the test");
            }
        }), properties);
    }

    @Override
    public void stop(BundleContext context) {
    }
}
