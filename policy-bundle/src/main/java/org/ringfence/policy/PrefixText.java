package org.ringfence.policy;

import inet.ipaddr.AddressStringException;
import inet.ipaddr.AddressStringParameters.RangeParameters;
import inet.ipaddr.IPAddress;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import inet.ipaddr.ipv6.IPv6Address;

/** Reads and writes addresses and prefixes as people give them: {@code 192.0.2.7}, {@code 192.0.2.0/24}, {@code 2001:db8::/32}. */
final class PrefixText {
    /** Bits before the IPv4 address in an IPv4-mapped IPv6 address. */
    private static final int MAPPED_BITS = 96;

    /** One address or prefix, written in the usual way: no ranges, wildcards, masks, zones, or numbers in other bases. */
    private static final IPAddressStringParameters PLAIN = plain();

    private PrefixText() {
    }

    private static IPAddressStringParameters plain() {
        IPAddressStringParameters.Builder builder = new IPAddressStringParameters.Builder()
                .allowEmpty(false).allowAll(false).allowSingleSegment(false).allowMask(false).allowPrefixOnly(false)
                .allowWildcardedSeparator(false).allow_inet_aton(false);
        builder.setRangeOptions(RangeParameters.NO_RANGE);
        builder.getIPv4AddressParametersBuilder().allowBinary(false).allowLeadingZeros(false)
                .allowPrefixesBeyondAddressSize(false);
        builder.getIPv6AddressParametersBuilder().allowBinary(false).allowBase85(false).allowZone(false)
                .allowPrefixesBeyondAddressSize(false);
        return builder.toParams();
    }

    /**
     * The prefix as a block, or the single address. An IPv4-mapped IPv6 prefix is the IPv4 prefix, since a connection's peer is
     * given as that.
     *
     * @throws IllegalArgumentException naming the text, what is wrong, and what to write
     */
    static IPAddress parse(String text) {
        IPAddress address;
        try {
            address = new IPAddressString(text.strip(), PLAIN).toAddress();
        } catch (AddressStringException e) {
            throw new IllegalArgumentException("'" + text.strip() + "' is no address or prefix: write it like 192.0.2.7, "
                    + "192.0.2.0/24, 2001:db8::7 or 2001:db8::/32", e);
        }
        Integer length = address.getNetworkPrefixLength();
        if (length == null || length == address.getBitCount()) {
            return withoutMapping(address.withoutPrefixLength());
        }
        IPAddress block = address.toPrefixBlock();
        if (!address.equals(block)) {
            throw new IllegalArgumentException("'" + text.strip() + "' has bits set after its first " + length
                    + ": write " + write(block) + " for the prefix or " + write(address.withoutPrefixLength())
                    + " for the address");
        }
        return withoutMapping(block);
    }

    private static IPAddress withoutMapping(IPAddress address) {
        if (!(address instanceof IPv6Address ipv6) || !ipv6.isIPv4Mapped()) {
            return address;
        }
        IPAddress ipv4 = ipv6.getEmbeddedIPv4Address().withoutPrefixLength();
        Integer length = ipv6.getNetworkPrefixLength();
        return length == null ? ipv4 : ipv4.setPrefixLength(length - MAPPED_BITS, false).toPrefixBlock();
    }

    static String write(IPAddress address) {
        return address.toCanonicalString();
    }
}
