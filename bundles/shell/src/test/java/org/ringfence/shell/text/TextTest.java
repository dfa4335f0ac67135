package org.ringfence.shell.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Units, JSON, rows, facts and prefixes. */
class TextTest {
    @Test
    void bytesAndTimesAreShort() {
        assertEquals(List.of("0", "999", "1.0K", "9.9K", "10K", "1.0M", "5.0G"), java.util.stream.LongStream.of(0, 999, 1000, 10_180, 10_240,
                1 << 20, 5L << 30).mapToObj(Units::bytes).toList());
        assertEquals(List.of("12ms", "3.4s", "5m07s", "2h03m", "9d11h"), java.util.stream.LongStream.of(12, 3_499, 307_000, 7_380_000,
                817_200_000).mapToObj(Units::span).toList());
        assertEquals(List.of("480ns", "1.50us", "12.3us", "107us", "2.50s"), java.util.stream.LongStream.of(480, 1500, 12_300, 107_000,
                2_500_000_000L).mapToObj(Units::nanoseconds).toList());
    }

    @Test
    void timeSpansAreReadWithAndWithoutUnit() {
        assertEquals(30_000, Units.parseSpan("30"));
        assertEquals(500, Units.parseSpan("500ms"));
        assertEquals(604_800_000, Units.parseSpan("7d"));
        for (String wrong : new String[] {"", "-1s", "1.5h", "1w", "10 m", "99999999999"}) {
            assertThrows(IllegalArgumentException.class, () -> Units.parseSpan(wrong), wrong);
        }
    }

    @Test
    void jsonEscapesWhatItMust() {
        assertEquals("\"a\\\"b\\\\c\\n\\u0007\\u007f\"", Json.of("a\"b\\c\n\u0007\u007f"));
        assertEquals("[1, true, null, 2.5, \"x\"]", Json.of(Arrays.asList(1L, true, null, 2.5, "x")));
        assertEquals("{}", Json.of(java.util.Map.of()));
    }

    @Test
    void rowsAreATableForPeopleAndPlainValuesForScripts() {
        Rows rows = new Rows("none").text("name").bytes("memory").onlyShown("both").onlyJson("verdict").row("nginx", 2_097_152L, "allow (x)", "allow")
                .row("redis", null, "-", null);
        assertEquals("""
                NAME   MEMORY  BOTH
                nginx    2.0M  allow (x)
                redis       -  -""", rows.toString());
        assertEquals("[{\"name\": \"nginx\", \"memory\": 2097152, \"verdict\": \"allow\"}, {\"name\": \"redis\", \"memory\": null, \"verdict\": null}]",
                Json.of(rows));
        assertEquals("none", new Rows("none").text("a").toString());
        assertEquals("[]", Json.of(new Rows("none").text("a")));
    }

    @Test
    void factsAreLinesForPeopleAndAnObjectForScripts() {
        Facts facts = new Facts().add("id", 7L).add("bytes in", 2048L, "2.0K").add("table", new Rows("empty").text("a").row("x"));
        assertEquals("""
                id        7
                bytes in  2.0K

                table
                  A
                  x""", facts.toString());
        assertEquals("{\"id\": 7, \"bytes_in\": 2048, \"table\": [{\"a\": \"x\"}]}", Json.of(facts));
    }

    @Test
    void prefixesHoldTheirPeersAndAskNoNameServer() {
        assertTrue(Prefix.parse("192.0.2.0/24").holdsPeer("192.0.2.77:80"));
        assertFalse(Prefix.parse("192.0.2.0/24").holdsPeer("192.0.3.77:80"));
        assertFalse(Prefix.parse("0.0.0.0/0").holdsPeer("[::1]:80"));
        assertTrue(Prefix.parse("2001:db8::/33").holdsPeer("[2001:db8:7fff:0:0:0:0:1]:80"));
        assertFalse(Prefix.parse("2001:db8::/33").holdsPeer("[2001:db8:8000:0:0:0:0:1]:80"));
        assertTrue(Prefix.parse("127.0.0.1").holdsPeer("127.0.0.1:1"));
        assertFalse(Prefix.parse("127.0.0.1").holdsPeer(""));
        for (String wrong : new String[] {"", "localhost", "10", "10.0.0.0/33", "10.0.0.0/x", "::/129", "example.org/8", "300.1.1.1", ":::"}) {
            assertThrows(IllegalArgumentException.class, () -> Prefix.parse(wrong), wrong);
        }
    }
}
