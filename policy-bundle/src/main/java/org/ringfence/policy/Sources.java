package org.ringfence.policy;

import inet.ipaddr.IPAddressNetwork.IPAddressGenerator;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.ringfence.api.policy.Connection;

/** Sources as people read them. */
final class Sources {
    private Sources() {
    }

    /** False of datagrams from outside: their source is whatever the sender writes into them, perhaps the address of somebody else. */
    static boolean isProven(Connection connection) {
        return !connection.inbound() || connection.listener() != null;
    }

    /** An address of 4 or 16 bytes, as RFC 5952 has it; one of IPv4 within IPv6 as that. */
    static String text(byte[] address) {
        try {
            return new IPAddressGenerator().from(InetAddress.getByAddress(address)).toCanonicalString();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address of " + address.length + " bytes instead of 4 or 16", e);
        }
    }

    /** The prefix that stands for an address as a source: itself, or so many bits of an IPv6 address. The array is left as it is. */
    static String prefix(byte[] address, int ipv6Bits) {
        byte[] prefix = address.clone();
        if (address.length == 16) {
            for (int bit = ipv6Bits; bit < 128; bit++) {
                prefix[bit / 8] &= (byte) ~(0x80 >> bit % 8);
            }
        }
        return text(prefix) + (address.length == 16 ? "/" + ipv6Bits : "");
    }
}
