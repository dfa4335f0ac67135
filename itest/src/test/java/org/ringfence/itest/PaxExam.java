package org.ringfence.itest;

import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.TestProbeBuilder;
import org.ops4j.pax.exam.spi.PaxExamRuntime;

/**
 * Runs the {@code @Test} methods of a class inside an OSGi container, one container per class. Pax Exam has no
 * driver for JUnit 5, so this is one over its SPI: JUnit's own call is skipped and the method is called through
 * the probe bundle, which injects {@code @Inject} fields. {@code @BeforeEach} and parameters do not work there.
 */
public final class PaxExam implements BeforeAllCallback, AfterAllCallback, InvocationInterceptor {

    /** With this property unset Pax Exam calls methods by reflection and not through a JUnit 4 runner. */
    private static final String INVOKER = "pax.exam.invoker";

    private final Map<String, TestAddress> addresses = new HashMap<>();
    private TestContainer container;
    private String savedInvoker;

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        Class<?> test = context.getRequiredTestClass();
        savedInvoker = System.clearProperty(INVOKER);
        ExamSystem system = PaxExamRuntime.createTestSystem(options(test));
        container = PaxExamRuntime.createContainer(system);
        container.start();
        TestProbeBuilder probe = system.createProbe();
        for (Method method : test.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Test.class)) {
                addresses.put(method.getName(), probe.addTest(test, method.getName()));
            }
        }
        container.installProbe(probe.build().getStream());
    }

    private static Option[] options(Class<?> test) throws ReflectiveOperationException {
        for (Method method : test.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Configuration.class)) {
                return (Option[]) method.invoke(test.getDeclaredConstructor().newInstance());
            }
        }
        throw new IllegalStateException(test + ": no method with @Configuration: add one that returns Option[]");
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        invocation.skip();
        try {
            container.call(addresses.get(method.getExecutable().getName()));
        } catch (Exception e) {
            // the assertion that failed, not the layers of reflection around it
            Throwable cause = e;
            while (cause.getCause() != null && !(cause instanceof AssertionError)) {
                cause = cause.getCause();
            }
            throw cause;
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (container != null) {
            container.uninstallProbe();
            container.stop();
        }
        if (savedInvoker != null) {
            System.setProperty(INVOKER, savedInvoker);
        }
    }
}
