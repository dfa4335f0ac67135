package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

/** Sources are remembered, within bounds. */
class SourceTableTest {
    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static byte[] ipv4(int value) {
        return new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }

    @Test
    void aMillionSourcesTakeAtMost64MebibytesAndWhoHasConnectionsIsNotForgottenForWhoHasNone() {
        SourceTable table = new SourceTable(1 << 20);
        long kept = SourceTable.key(address("192.0.2.7"), 32, 64);
        for (int i = 0; i < 50; i++) {
            table.opened(table.find(kept, true, 0), 0);
        }
        for (int i = 0; i < 3_000_000; i++) {
            table.find(SourceTable.key(ipv4(i * 7919), 32, 64), true, 1 + i / 100_000);
        }
        assertTrue(table.bytes() <= 64 << 20, table.bytes() + " bytes");
        assertTrue(table.size() > 900_000, table.size() + " sources");
        assertEquals(50, table.open(table.find(kept, false, 100)));
    }

    @Test
    void aSmallTableGrowsWithWhatItHolds() {
        SourceTable table = new SourceTable(1 << 20);
        assertTrue(table.bytes() < 200_000, table.bytes() + " bytes");
        for (int i = 0; i < 10_000; i++) {
            table.opened(table.find(SourceTable.key(ipv4(i), 32, 64), true, 0), 0);
        }
        for (int i = 0; i < 10_000; i++) {
            assertEquals(1, table.open(table.find(SourceTable.key(ipv4(i), 32, 64), false, 0)), "source " + i);
        }
    }

    @Test
    void ratesAreAveragesThatFade() {
        SourceTable table = new SourceTable(1024);
        int place = table.find(SourceTable.key(ipv4(1), 32, 64), true, 0);
        for (int tenth = 0; tenth < 600; tenth++) {
            table.opened(place, tenth);
            table.requested(place, tenth);
        }
        assertEquals(10, table.connectionRate(place, 600), 1);
        assertEquals(10, table.requestRate(place, 600), 1);
        assertEquals(0, table.connectionRate(place, 1600), 0.1);
    }

    @Test
    void addressesOfOnePrefixHaveOneKeyAndOthersOthers() {
        assertEquals(SourceTable.key(address("198.51.100.1"), 24, 64), SourceTable.key(address("198.51.100.200"), 24, 64));
        assertNotEquals(SourceTable.key(address("198.51.100.1"), 32, 64), SourceTable.key(address("198.51.100.2"), 32, 64));
        assertNotEquals(SourceTable.key(address("198.51.100.0"), 32, 64), SourceTable.key(address("198.51.100.0"), 24, 64));
        assertEquals(SourceTable.key(address("2001:db8::1"), 32, 64), SourceTable.key(address("2001:db8::2:0:0:1"), 32, 64));
        assertNotEquals(SourceTable.key(address("2001:db8::1"), 32, 64), SourceTable.key(address("2001:db8:0:1::1"), 32, 64));
        assertNotEquals(0, SourceTable.key(address("::1"), 32, 64));
    }
}
