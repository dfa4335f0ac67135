import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Writes docs/configuration.md from the MetaType of the bundles in runtime/bundle, and adds keys that are missing to runtime/conf/PID.cfg,
 * as comments. Run by './ringfence build --pages' as {@code java cnf/ConfigurationPages.java}; {@code --check} writes nothing and fails if
 * something would change. A key without name and description fails in any case.
 */
public final class ConfigurationPages {
    private record Key(String id, String name, String description, String type, String fallback, String range) {
    }

    private record Page(String pid, String name, String description, List<Key> keys) {
    }

    private static final String HEAD = """
            # Configuration

            Written by `./ringfence build --pages` from what the bundles say of themselves (MetaType): do not edit.

            A component is configured by a file `PID.cfg` of lines `key = value`, in `conf/` of the instance's state directory for
            that instance, or in `runtime/conf/` for all; where both have the same PID, the instance's file counts. A line that ends in
            `\\` goes on in the next. Files are read at start and again whenever they change, while connections live on, within a second or
            two.

            A wrong value is refused: the log names key, value and what to write, and the value before it, or the default, stays in force.
            `./ringfence shell policy NAME` shows a policy's configuration in force, and `policy NAME set KEY VALUE` changes it until the
            gateway ends. What is read when the gateway starts says so.
            """;

    private final Path root;
    private final boolean check;
    private final List<String> changes = new ArrayList<>();

    private ConfigurationPages(Path root, boolean check) {
        this.root = root;
        this.check = check;
    }

    public static void main(String[] arguments) throws Exception {
        boolean check = arguments.length > 0 && arguments[0].equals("--check");
        ConfigurationPages pages = new ConfigurationPages(Path.of("").toAbsolutePath(), check);
        Map<String, Page> found = pages.read();
        pages.write(Path.of("docs/configuration.md"), document(found));
        for (Page page : found.values()) {
            Path file = Path.of("runtime/conf", page.pid + ".cfg");
            pages.write(file, withAllKeys(page, Files.exists(pages.root.resolve(file)) ? Files.readString(pages.root.resolve(file)) : ""));
        }
        if (check && !pages.changes.isEmpty()) {
            System.err.println("not current, run './ringfence build --pages': " + pages.changes);
            System.exit(1);
        }
    }

    private void write(Path file, String text) throws IOException {
        Path place = root.resolve(file);
        if (Files.exists(place) && Files.readString(place).equals(text)) {
            return;
        }
        changes.add(file.toString());
        if (!check) {
            Files.writeString(place, text);
        }
    }

    private Map<String, Page> read() throws Exception {
        Map<String, Page> pages = new TreeMap<>();
        try (Stream<Path> jars = Files.list(root.resolve("runtime/bundle"))) {
            for (Path jar : jars.filter(j -> j.getFileName().toString().startsWith("org.ringfence.")).sorted().toList()) {
                try (JarFile open = new JarFile(jar.toFile())) {
                    for (JarEntry entry : open.stream().filter(e -> e.getName().matches("OSGI-INF/metatype/.*\\.xml")).toList()) {
                        try (InputStream in = open.getInputStream(entry)) {
                            read(in, pages);
                        }
                    }
                }
            }
        }
        return pages;
    }

    private static void read(InputStream in, Map<String, Page> pages) throws Exception {
        Element root = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(in).getDocumentElement();
        Map<String, Element> definitions = new TreeMap<>();
        for (Element definition : children(root, "OCD")) {
            definitions.put(definition.getAttribute("id"), definition);
        }
        for (Element designate : children(root, "Designate")) {
            String pid = designate.getAttribute(designate.hasAttribute("factoryPid") ? "factoryPid" : "pid");
            Element definition = definitions.get(children(designate, "Object").get(0).getAttribute("ocdref"));
            if (pid.contains("-")) {
                throw new IllegalArgumentException(pid + ": a PID with a hyphen cannot be configured by a file, whose name would mean one of several"
                        + " configurations of what stands before it: write _");
            }
            List<Key> keys = new ArrayList<>();
            for (Element attribute : children(definition, "AD")) {
                keys.add(key(pid, attribute));
            }
            pages.put(pid, new Page(pid, definition.getAttribute("name"), definition.getAttribute("description"), keys));
        }
    }

    private static Key key(String pid, Element attribute) {
        String id = attribute.getAttribute("id");
        String description = attribute.getAttribute("description");
        // without a name, the tools make one of the method's
        if (description.isEmpty() || attribute.getAttribute("name").isEmpty()) {
            throw new IllegalArgumentException(pid + ": key '" + id + "' has no name or no description: give its @AttributeDefinition both");
        }
        List<String> options = children(attribute, "Option").stream().map(o -> o.getAttribute("value")).toList();
        String min = attribute.getAttribute("min");
        String max = attribute.getAttribute("max");
        String range = !options.isEmpty() ? String.join(", ", options)
                : (min.isEmpty() ? "" : "from " + min) + (max.isEmpty() ? "" : (min.isEmpty() ? "" : " ") + "to " + max);
        boolean several = !attribute.getAttribute("cardinality").isEmpty() && !attribute.getAttribute("cardinality").equals("0");
        return new Key(id, attribute.getAttribute("name"), description, attribute.getAttribute("type").toLowerCase(java.util.Locale.ROOT)
                .replace("string", "text").replace("boolean", "true or false").replace("long", "number").replace("integer", "number")
                + (several ? "s, separated by commas" : ""), attribute.getAttribute("default"), range);
    }

    private static List<Element> children(Element parent, String name) {
        List<Element> elements = new ArrayList<>();
        NodeList nodes = parent.getElementsByTagName(name);
        for (int i = 0; i < nodes.getLength(); i++) {
            elements.add((Element) nodes.item(i));
        }
        return elements;
    }

    private static String document(Map<String, Page> pages) {
        StringBuilder text = new StringBuilder(HEAD);
        for (Page page : pages.values()) {
            text.append("\n## ").append(page.pid).append("\n\n").append(page.name).append(": ").append(sentence(page.description)).append('\n');
            text.append("\n| key | takes | default | meaning |\n|---|---|---|---|\n");
            for (Key key : page.keys) {
                text.append("| `").append(key.id).append("` | ").append(key.range.isEmpty() ? key.type : key.type + ": " + key.range).append(" | ")
                        .append(key.fallback.isEmpty() ? "none" : "`" + key.fallback + "`").append(" | **").append(key.name).append(".** ")
                        .append(sentence(key.description).replace("|", "\\|")).append(" |\n");
            }
        }
        return text.toString();
    }

    private static String sentence(String text) {
        return text.endsWith(".") ? text : text + ".";
    }

    private static String withAllKeys(Page page, String before) {
        StringBuilder text = new StringBuilder(before);
        if (before.isEmpty()) {
            text.append("# ").append(page.name).append(": ").append(sentence(page.description)).append('\n');
            text.append("# Read at start and whenever it changes. What stands here are the defaults: take away the '#' to change one.\n");
        }
        for (Key key : page.keys) {
            if (!key.fallback.isEmpty()) { // what stands there as a comment is the default
                String line = "#" + key.id + " = " + key.fallback;
                text = new StringBuilder(Pattern.compile("(?m)^#" + Pattern.quote(key.id) + " = .*$").matcher(text).replaceFirst(Matcher.quoteReplacement(line)));
            }
            if (!Pattern.compile("(?m)^\\s*#?\\s*" + Pattern.quote(key.id) + "\\s*=").matcher(before).find()) {
                text.append("\n# ").append(key.name).append(": ").append(sentence(key.description));
                text.append(key.range.isEmpty() ? "" : " Takes " + key.range + ".");
                text.append("\n#").append(key.id).append(" = ").append(key.fallback).append('\n');
            }
        }
        return text.toString();
    }
}
