package org.ringfence.policy;

import inet.ipaddr.IPAddressNetwork.IPAddressGenerator;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Sources as people read them. */
final class Sources {
    private Sources() {
    }

    /** An address of 4 or 16 bytes, as RFC 5952 has it; one of IPv4 within IPv6 as that. */
    static String text(byte[] address) {
        try {
            return new IPAddressGenerator().from(InetAddress.getByAddress(address)).toCanonicalString();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address of " + address.length + " bytes instead of 4 or 16", e);
        }
    }
}
