package org.ringfence.shell.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TableTest {

    @Test
    void alignsColumnsToTheirWidestCell() {
        Table table = new Table("NAME", ">BYTES", "VERDICT").row("nginx", 1024, "allow").row("redis-server", 7, "hold");
        assertEquals("""
                NAME          BYTES  VERDICT
                nginx          1024  allow
                redis-server      7  hold""", table.toString());
    }

    @Test
    void showsAMissingValueAsADash() {
        assertEquals("NAME  PEER\nx     -", new Table("NAME", "PEER").row("x", null).toString());
    }

    @Test
    void refusesARowThatDoesNotFit() {
        assertThrows(IllegalArgumentException.class, () -> new Table("A", "B").row("only one"));
    }

    @Test
    void keepsLinesWithinOneHundredColumnsByCuttingTheWidestText() {
        String text = new Table("NAME", ">BYTES", "WHY").row("n".repeat(70), 12345, "w".repeat(60)).toString();
        text.lines().forEach(line -> assertTrue(line.length() <= Table.WIDTH, line));
        assertTrue(text.contains("12345"), text);
        assertTrue(text.contains("n~"), text);
    }
}
