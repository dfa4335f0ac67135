package org.ringfence.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
}
