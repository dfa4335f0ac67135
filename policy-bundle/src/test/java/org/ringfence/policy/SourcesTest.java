package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourcesTest {
    @ParameterizedTest
    @CsvSource({"203.0.113.7, 203.0.113.7", "2001:db8:0:0:0:0:0:7, 2001:db8::7", "0:0:0:0:0:0:0:1, ::1", "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "::ffff:192.0.2.1, 192.0.2.1"})
    void aSourceIsWrittenAsRfc5952Recommends(String address, String text) throws UnknownHostException {
        assertEquals(text, Sources.text(InetAddress.getByName(address).getAddress()));
    }

    @Test
    void whatIsNoAddressIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Sources.text(new byte[5]));
    }
}
