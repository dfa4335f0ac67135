package org.ringfence.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class UsageTest {
    private final Usage usage = new Usage("block", "turns a prefix away").operand("CIDR", "a prefix", () -> List.of("192.0.2.0/24", "2001:db8::/32"))
            .option("--for", "TIME", "for a time", () -> List.of("10m", "1h")).flag("--json", "for scripts");

    private void assertWrong(String message, String... words) {
        Failure failure = assertThrows(Failure.class, () -> usage.read(List.of(words)));
        assertEquals(message, failure.getMessage());
        assertEquals(Failure.USAGE, failure.status());
    }

    @Test
    void readsOptionsInBothFormsAndOperandsAnywhere() {
        Arguments before = usage.read(List.of("--for", "10m", "192.0.2.7"));
        assertEquals("10m", before.get("--for"));
        assertEquals("192.0.2.7", before.get("CIDR"));
        Arguments after = usage.read(List.of("192.0.2.7", "--for=2h", "--json"));
        assertEquals(7_200_000, after.span("--for", 1, 0));
        assertTrue(after.has("--json"));
        assertFalse(before.has("--json"));
    }

    @Test
    void saysWhatIsWrongAndWhatToWrite() {
        assertWrong("block: CIDR is missing: write block [--for TIME] [--json] CIDR");
        assertWrong("block: 'b' is one argument too many: write block [--for TIME] [--json] CIDR", "a", "b");
        assertWrong("block: option '--fro' is unknown: 'block --help' shows the options", "--fro", "10m", "a");
        assertWrong("block: option '--for' wants a value: write --for TIME", "a", "--for");
        assertWrong("block: option '--json' takes no value: leave out '=yes'", "a", "--json=yes");
    }

    @Test
    void saysWhatIsWrongWithAValue() {
        assertEquals("block: --for 'soon' is no time span: write it like 500ms, 30s, 10m, 2h or 7d",
                assertThrows(Failure.class, () -> usage.read(List.of("a", "--for", "soon")).span("--for", 1, 0)).getMessage());
        assertEquals("block: CIDR 'a' is no number from 1 on: write one, like CIDR 1",
                assertThrows(Failure.class, () -> usage.read(List.of("a")).number("CIDR", 1, Long.MAX_VALUE, 0)).getMessage());
        assertEquals("block: CIDR 'a' is unknown: write one of x, y",
                assertThrows(Failure.class, () -> usage.read(List.of("a")).oneOf("CIDR", "x", "x", "y")).getMessage());
    }

    @Test
    void helpShowsTheCallTheOptionsAndTheirMeaningWithin100Columns() {
        Usage many = new Usage("many", "has many options");
        for (int i = 0; i < 12; i++) {
            many.option("--option-" + i, "VALUE", "does something");
        }
        many.help().lines().forEach(line -> assertTrue(line.length() <= 100, line));
        String help = usage.help();
        assertTrue(help.startsWith("usage: block [--for TIME] [--json] CIDR\n\nturns a prefix away.\n"), help);
        assertTrue(help.contains("--for TIME  for a time"), help);
    }

    @Test
    void completesOptionsTheirValuesAndOperands() {
        assertEquals(List.of("--for"), usage.candidates(List.of(), "--f"));
        assertEquals(List.of("10m"), usage.candidates(List.of("--for"), "10"));
        assertEquals(List.of("192.0.2.0/24"), usage.candidates(List.of("--for", "10m"), "192"));
        assertEquals(List.of(), usage.candidates(List.of("192.0.2.0/24"), "2"));
    }
}
