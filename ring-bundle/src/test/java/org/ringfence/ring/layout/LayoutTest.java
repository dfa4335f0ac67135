package org.ringfence.ring.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.transport.SocketState;

/**
 * Holds the Java constants of the region, and the diagrams of docs/protocol.md, against native/region/layout.h, which is the source.
 * {@code region-offsets} prints what the compiler makes of the header; the names of its fields are read from the header itself.
 *
 * <p>The naming rule: {@code SlotLayout.STATE} is {@code rf_slot.state}, {@code SlotLayout.BYTES} is {@code sizeof rf_slot}. AttachLayout
 * holds three structures and puts their names first: {@code HELLO_ABI} is {@code rf_hello.abi}.
 */
class LayoutTest {
    /** Constants of the classes that are no offsets of the class's structure: what they are in C. */
    private static final Map<String, String> NAMED_OTHERWISE = Map.of(
            "HeaderLayout.MAGIC_VALUE", "RF_MAGIC",
            "HeaderLayout.VERSION_VALUE", "RF_LAYOUT_VERSION",
            "SlotLayout.NAME_BYTES", "sizeof rf_name",
            "SlotLayout.NAME_ADDRESS", "rf_name.address",
            "SlotLayout.MAX_ADDRESS", "sizeof rf_name.address",
            "AttachLayout.HELLO_LAUNCH_BYTES", "RF_LAUNCH_LENGTH",
            "AttachLayout.HELLO_NAME_BYTES", "RF_NAME_LENGTH",
            "AttachLayout.HELLO_VERSION", "rf_hello.layout_version",
            "AttachLayout.WELCOME_VERSION", "rf_welcome.layout_version");

    /** Derived from others: compared in a test of its own. */
    private static final Set<String> DERIVED = Set.of("WATCHERS", "HEARTBEAT_AFTER_ASLEEP", "UNIT", "RING_ORDER", "MAX_DATAGRAM", "CROWD_TAKEN",
            "WISH_TOLD", "WISH_INLINE", "MORE_ALL", "MORE_IN_STACK", "STAMP", "LENT_NOW", "LENT_BLOCKING", "LENT_NONBLOCKING", "LENT_BEFORE", "ARMED_FIRST");

    /** A name's length comes first: code uses the name's own offset. Locks are the applications'. */
    private static final Set<String> ONLY_IN_C = Set.of("rf_name.length", "rf_lock.word", "rf_lock.next");

    private static Map<String, Long> c;
    private static Path root;

    @BeforeAll
    static void runTheProgramThatPrintsTheHeader() throws IOException, InterruptedException {
        root = Path.of(System.getProperty("ringfence.root", "."));
        Path program = Path.of(System.getProperty("ringfence.native", "native/build"), "region-offsets");
        if (!Files.isExecutable(program)) {
            fail(program + " is missing, so that the layouts cannot be compared: build it with 'make -C native'");
        }
        Process process = new ProcessBuilder(program.toString()).redirectErrorStream(true).start();
        c = new TreeMap<>();
        for (String line : new String(process.getInputStream().readAllBytes()).split("\n")) {
            int space = line.lastIndexOf(' ');
            c.put(line.substring(0, space), Long.parseUnsignedLong(line.substring(space + 1)));
        }
        assertEquals(0, process.waitFor(), "exit status of " + program);
    }

    @Test
    void everyJavaConstantHasTheValueOfItsCounterpartInC() {
        Map<String, Long> java = javaConstants();
        List<String> wrong = new ArrayList<>();
        java.forEach((name, value) -> {
            if (!value.equals(c.get(name))) {
                wrong.add(name + ": Java says " + value + ", C says " + c.get(name));
            }
        });
        assertEquals(List.of(), wrong);
    }

    @Test
    void everyFieldAndSizeInCHasAConstantInJava() {
        Set<String> missing = new TreeSet<>(c.keySet());
        missing.removeIf(name -> name.startsWith("RF_") || name.startsWith("grant "));
        missing.removeAll(javaConstants().keySet());
        assertEquals(ONLY_IN_C, missing);
    }

    @Test
    void theProgramPrintsEveryFieldOfTheHeader() throws IOException {
        Set<String> printed = new TreeSet<>(c.keySet());
        printed.removeIf(name -> !name.matches("rf_\\w+\\.\\w+"));
        assertEquals(fieldsInHeader(), printed);
    }

    @Test
    void theProgramPrintsEveryConstantOfTheHeader() throws IOException {
        Set<String> declared = new TreeSet<>();
        Matcher matcher = Pattern.compile("#define (RF_\\w+) |\\b(RF_\\w+) = \\d").matcher(header());
        while (matcher.find()) {
            declared.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
        }
        Set<String> printed = new TreeSet<>(c.keySet());
        printed.removeIf(name -> !name.startsWith("RF_"));
        assertEquals(declared, printed);
    }

    @Test
    void operationsHaveTheNumbersOfC() {
        for (Operation operation : Operation.values()) {
            assertEquals(c.get("RF_OP_" + operation.name()), operation.number(), operation.name());
        }
        assertEquals(Operation.values().length, count("RF_OP_"));
    }

    @Test
    void statesAndMarksHaveTheNumbersOfC() throws IllegalAccessException {
        int compared = 0;
        for (Field field : SocketState.class.getFields()) {
            Long state = c.get("RF_STATE_" + field.getName());
            assertEquals(state != null ? state : c.get("RF_MARK_" + field.getName()), field.getInt(null), field.getName());
            compared++;
        }
        assertEquals(count("RF_STATE_") + count("RF_MARK_"), compared);
    }

    @Test
    void grantsAreMadeAndReadAlike() {
        long grant = Grant.of(1234567, 5, 43210);
        assertEquals(c.get("grant 1234567 5 43210"), grant);
        assertEquals(1234567, Grant.page(grant));
        assertEquals(5, Grant.order(grant));
        assertEquals(43210, Grant.epoch(grant));
        assertEquals(4096 << 5, Grant.bytes(grant));
    }

    @Test
    void boundsAreAlike() {
        assertEquals(c.get("RF_PAGE"), Grant.PAGE_BYTES);
        assertEquals(c.get("RF_MAX_ORDER"), Grant.MAX_ORDER);
        assertEquals(c.get("RF_COMMAND_PAYLOAD"), Call.MAX_PAYLOAD);
        assertEquals(c.get("RF_CELL_PAYLOAD"), Answer.MAX_PAYLOAD);
        assertEquals(c.get("RF_NO_CELL"), 0xffffffffL);
        assertEquals(c.get("RF_RECORD_UNIT"), RecordLayout.UNIT);
        assertEquals(c.get("RF_DATAGRAM_ORDER"), RecordLayout.RING_ORDER);
        assertEquals(c.get("RF_MAX_DATAGRAM"), RecordLayout.MAX_DATAGRAM);
        assertEquals(c.get("RF_WATCHERS"), HeaderLayout.WATCHERS);
        assertEquals(c.get("RF_ARMED_NEVER"), 0xffffffffL);
        assertEquals(c.get("RF_CROWD_TAKEN"), SlotLayout.CROWD_TAKEN);
        assertEquals(c.get("RF_URGENT_TOLD"), SlotLayout.WISH_TOLD);
        assertEquals(c.get("RF_URGENT_INLINE"), SlotLayout.WISH_INLINE);
        assertEquals(c.get("RF_MORE_ALL"), SlotLayout.MORE_ALL);
        assertEquals(c.get("RF_MORE_IN_STACK"), SlotLayout.MORE_IN_STACK);
        assertEquals(c.get("RF_LENT_NOW"), SlotLayout.LENT_NOW);
        assertEquals(c.get("RF_LENT_BLOCKING"), SlotLayout.LENT_BLOCKING);
        assertEquals(c.get("RF_LENT_NONBLOCKING"), SlotLayout.LENT_NONBLOCKING);
        assertEquals(c.get("RF_LENT_BEFORE"), SlotLayout.LENT_BEFORE);
        assertEquals(c.get("RF_ARMED_FIRST").intValue(), SlotLayout.ARMED_FIRST);
        assertEquals(c.get("RF_CALL_STAMP"), CommandLayout.STAMP);
        assertEquals(c.get("RF_MAX_SLOTS") / 8, PendingLayout.BYTES - PendingLayout.LEAF);
        assertEquals(c.get("RF_MAX_SLOTS") / 64 / 8, PendingLayout.LEAF - PendingLayout.SUMMARY);
        assertEquals(c.get("RF_MAX_CELLS") / 8, HeaderLayout.BYTES - HeaderLayout.ANSWERED);
    }

    @Test
    void theHeartbeatOfEitherSideLiesAsFarFromItsAsleepFlag() {
        assertEquals(c.get("rf_header.frontend_heartbeat") - c.get("rf_header.frontend_asleep"), HeaderLayout.HEARTBEAT_AFTER_ASLEEP);
        assertEquals(c.get("rf_header.backend_heartbeat") - c.get("rf_header.backend_asleep"), HeaderLayout.HEARTBEAT_AFTER_ASLEEP);
    }

    /** Words of the diagrams look like {@code 80 in_tail u64} or {@code 256 send_lock}. */
    @ParameterizedTest
    @CsvSource({"'### Header, 1024 bytes', header, 25", "'### Command entry, 128 bytes', command, 9", "'### Reply cell, 512 bytes', cell, 8",
            "'### Slot, 512 bytes', slot, 30", "'### Records of datagrams', record, 9"})
    void theDiagramsOfTheProtocolHaveTheOffsetsOfC(String heading, String structure, int atLeast) throws IOException {
        String page = Files.readString(root.resolve("docs/protocol.md"));
        int at = page.indexOf(heading);
        assertTrue(at >= 0, "docs/protocol.md has no section '" + heading + "'");
        String diagram = page.substring(page.indexOf("```", at) + 3, page.indexOf("```", page.indexOf("```", at) + 3));
        List<String> wrong = new ArrayList<>();
        Set<String> seen = new TreeSet<>();
        Matcher matcher = Pattern.compile("(?:^|\\||\\s)(\\d+) +([a-z]\\w+)").matcher(diagram);
        while (matcher.find()) {
            Long offset = c.get("rf_" + structure + "." + matcher.group(2));
            seen.add(matcher.group(2));
            if (offset == null || offset != Long.parseLong(matcher.group(1))) {
                wrong.add(matcher.group(2) + ": the page says " + matcher.group(1) + ", C says " + offset);
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(seen.size() >= atLeast, "only " + seen.size() + " words recognised: " + seen);
    }

    private static long count(String prefix) {
        return c.keySet().stream().filter(name -> name.startsWith(prefix)).count();
    }

    /** The constants of the layout classes by their names in C. */
    private static Map<String, Long> javaConstants() {
        Map<String, Long> constants = new TreeMap<>();
        add(constants, HeaderLayout.class, "header");
        add(constants, CommandLayout.class, "command");
        add(constants, CellLayout.class, "cell");
        add(constants, SlotLayout.class, "slot");
        add(constants, PendingLayout.class, "pending");
        add(constants, RecordLayout.class, "record");
        add(constants, AttachLayout.class, null);
        return constants;
    }

    private static void add(Map<String, Long> constants, Class<?> layout, String structure) {
        for (Field field : layout.getFields()) {
            assertTrue(Modifier.isStatic(field.getModifiers()), field.getName());
            if (DERIVED.contains(field.getName())) {
                continue;
            }
            String name = NAMED_OTHERWISE.get(layout.getSimpleName() + "." + field.getName());
            if (name == null) {
                String lower = field.getName().toLowerCase(Locale.ROOT);
                String type = structure != null ? structure : lower.substring(0, lower.indexOf('_'));
                String word = structure != null ? lower : lower.substring(lower.indexOf('_') + 1);
                name = word.equals("bytes") ? "sizeof rf_" + type : "rf_" + type + "." + word;
            }
            try {
                constants.put(name, ((Number) field.get(null)).longValue());
            } catch (IllegalAccessException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static String header() throws IOException {
        String text = Files.readString(root.resolve("native/region/layout.h"));
        return text.replaceAll("(?s)/\\*.*?\\*/", "");
    }

    /** Fields of all structures as {@code rf_slot.state}, but those named unused. */
    private static Set<String> fieldsInHeader() throws IOException {
        Set<String> fields = new TreeSet<>();
        Matcher structures = Pattern.compile("(?s)struct (rf_\\w+) \\{(.*?)\\n\\};").matcher(header());
        while (structures.find()) {
            for (String declaration : structures.group(2).replaceAll("_Alignas\\(\\d+\\)", "").split(";")) {
                for (String declarator : declaration.split(",")) {
                    Matcher name = Pattern.compile("(\\w+)\\s*(\\[.*\\])?\\s*$").matcher(declarator);
                    if (name.find() && !name.group(1).startsWith("unused")) {
                        fields.add(structures.group(1) + "." + name.group(1));
                    }
                }
            }
        }
        return fields;
    }
}
