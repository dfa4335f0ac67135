package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

/** What is counted as one source. */
class HeldSourcesTest {
    private final HeldSources sources = new HeldSources();

    private static byte[] address(String text) {
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private void add(String... addresses) {
        sources.begin(addresses.length);
        for (String address : addresses) {
            sources.add(address(address), 10);
        }
    }

    @Test
    void anIpv4AddressIsASource() {
        add("192.0.2.1", "192.0.2.1", "192.0.2.2");
        assertEquals(2, sources.connections(address("192.0.2.1")));
        assertEquals(10, sources.bytes(address("192.0.2.2")));
    }

    @Test
    void addressesOfAnIpv6PrefixOf64BitsAreOneSource() {
        add("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1");
        assertEquals(2, sources.connections(address("2001:db8::ffff")));
    }

    @Test
    void theLoopbackAddressesOfBothFamiliesAreTwoSources() {
        add("::1", "0.0.0.0", "127.0.0.1");
        assertEquals(1, sources.connections(address("::1")));
    }

    @Test
    void whoIsRemovedDoesNotHideOthers() {
        String[] many = new String[5000];
        for (int i = 0; i < many.length; i++) {
            many[i] = "198.51." + i / 250 + "." + i % 250;
        }
        add(many);
        for (int i = 0; i < many.length; i += 2) {
            sources.remove(address(many[i]), 10);
        }
        for (int i = 0; i < many.length; i++) {
            assertEquals(i % 2, sources.connections(address(many[i])), many[i]);
        }
    }

    @Test
    void eachCountBeginsAnew() {
        add("192.0.2.1");
        add("192.0.2.2");
        assertEquals(0, sources.connections(address("192.0.2.1")));
    }
}
