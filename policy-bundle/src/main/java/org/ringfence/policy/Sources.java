package org.ringfence.policy;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Sources as people read them. */
final class Sources {
    private Sources() {
    }

    /** An address of 4 or 16 bytes. */
    static String text(byte[] address) {
        try {
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address of " + address.length + " bytes instead of 4 or 16", e);
        }
    }
}
