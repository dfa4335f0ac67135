package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressesTest {
    @ParameterizedTest
    @CsvSource({"192.0.2.7, 192.0.2.7", "255.0.0.255, 255.0.0.255", "0:0:0:0:0:0:0:0, ::", "0:0:0:0:0:0:0:1, ::1", "fe80:0:0:0:0:0:0:0, fe80::",
            "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1", "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
            "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::", "2001:DB8:1:2:3:4:5:FFFF, 2001:db8:1:2:3:4:5:ffff"})
    void anAddressIsWrittenAsRfc5952Recommends(String address, String text) throws UnknownHostException {
        assertEquals(text, Addresses.host(InetAddress.getByName(address).getAddress()));
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.7, 192.0.2.7:80", "2001:db8:0:0:0:0:0:7, [2001:db8::7]:80"})
    void aPeerIsItsAddressAndItsPort(String address, String text) throws UnknownHostException {
        assertEquals(text, Addresses.text(InetAddress.getByName(address).getAddress(), 80));
    }

    @Test
    void anAddressOfIpv4InOneOfIpv6IsWrittenAsSuch() {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, (byte) 192, 0, 2, 7};
        assertEquals("::ffff:192.0.2.7", Addresses.host(mapped));
    }
}
