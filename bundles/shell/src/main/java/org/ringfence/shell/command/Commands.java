package org.ringfence.shell.command;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** The commands that are there at the moment, and what may come next on a command line. Any thread. */
@Component(service = Commands.class)
public final class Commands {
    private static final String SCOPE = "osgi.command.scope";
    private static final String FUNCTION = "osgi.command.function";

    private final BundleContext context;

    @Activate
    public Commands(BundleContext context) {
        this.context = context;
    }

    private List<ServiceReference<?>> references(String filter) {
        try {
            ServiceReference<?>[] found = context.getAllServiceReferences(null, filter);
            return found == null ? List.of() : List.of(found);
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> functions(ServiceReference<?> reference) {
        Object functions = reference.getProperty(FUNCTION);
        return functions instanceof String[] several ? Arrays.asList(several) : functions instanceof String one ? List.of(one) : List.of();
    }

    /** Names of the commands of the scope {@code ringfence}, without second names. */
    public List<String> names() {
        return List.copyOf(summaries().keySet());
    }

    /** What each of them does. */
    Map<String, String> summaries() {
        Map<String, String> summaries = new TreeMap<>();
        for (ServiceReference<?> reference : references("(" + SCOPE + "=ringfence)")) {
            if (context.getService(reference) instanceof Command command) {
                summaries.put(command.usage().name(), command.usage().summary());
            } else {
                functions(reference).forEach(name -> summaries.put(name, ""));
            }
            context.ungetService(reference);
        }
        return summaries;
    }

    /** The commands of other scopes, as {@code scope:name}. */
    List<String> others() {
        TreeSet<String> names = new TreeSet<>();
        for (ServiceReference<?> reference : references("(&(" + SCOPE + "=*)(!(" + SCOPE + "=ringfence)))")) {
            functions(reference).forEach(name -> names.add(reference.getProperty(SCOPE) + ":" + name));
        }
        return List.copyOf(names);
    }

    /** How a command is called; null if there is no such command, or it does not say. */
    Usage usage(String name) {
        for (ServiceReference<?> reference : references("(&(" + SCOPE + "=ringfence)(" + FUNCTION + "=" + name.replaceAll("[^\\w.-]", "") + "))")) {
            Object service = context.getService(reference);
            context.ungetService(reference);
            if (service instanceof Command command) {
                return command.usage();
            }
        }
        return null;
    }

    /** What the last word of a line may become: whole words. */
    public List<String> complete(String line) {
        String statement = line.substring(Math.max(line.lastIndexOf('|'), line.lastIndexOf(';')) + 1).stripLeading();
        List<String> words = new ArrayList<>(Arrays.asList(statement.split("\\s+", -1)));
        String last = words.remove(words.size() - 1);
        if (words.isEmpty()) {
            List<String> names = new ArrayList<>(names());
            if (!last.isEmpty()) {
                names.addAll(names().stream().map(name -> "ringfence:" + name).toList());
                names.addAll(others());
            }
            return names.stream().filter(name -> name.startsWith(last)).toList();
        }
        Usage usage = usage(words.get(0).replaceFirst("^ringfence:", ""));
        return usage == null ? List.of() : usage.candidates(words.subList(1, words.size()), last);
    }
}
