package org.ringfence.shell.text;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** An address or a prefix to compare peers with: {@code 192.0.2.7}, {@code 192.0.2.0/24}, {@code 2001:db8::/32}. */
public final class Prefix {
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private final byte[] address;
    private final int bits;

    private Prefix(byte[] address, int bits) {
        this.address = address;
        this.bits = bits;
    }

    /** @throws IllegalArgumentException saying what to write */
    public static Prefix parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = address(slash < 0 ? text : text.substring(0, slash));
        try {
            int bits = address == null ? -1 : slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
            if (bits >= 0 && bits <= address.length * 8) {
                return new Prefix(address, bits);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException("'" + text + "' is no address or prefix: write it like 192.0.2.7, 192.0.2.0/24, 2001:db8::7 or 2001:db8::/32");
    }

    /** Never asks a name server: only what is an address is given to the resolver. */
    private static byte[] address(String text) {
        if (!IPV4.matcher(text).matches() && !IPV6.matcher(text).matches()) {
            return null;
        }
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            return null;
        }
    }

    /** @param peer address and port, as reports have them: {@code 192.0.2.1:80}, {@code [2001:db8::1]:80} */
    public boolean holdsPeer(String peer) {
        int colon = peer.lastIndexOf(':');
        byte[] other = colon < 0 ? null : address(peer.substring(0, colon).replaceAll("[\\[\\]]", ""));
        if (other == null || other.length != address.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            if (((other[bit / 8] ^ address[bit / 8]) & 0x80 >> bit % 8) != 0) {
                return false;
            }
        }
        return true;
    }
}
