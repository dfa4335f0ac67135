package org.ringfence.policy;

import inet.ipaddr.IPAddress;
import inet.ipaddr.format.util.AssociativeAddressTrie.AssociativeTrieNode;
import inet.ipaddr.ipv4.IPv4Address;
import inet.ipaddr.ipv4.IPv4AddressAssociativeTrie;
import inet.ipaddr.ipv6.IPv6Address;
import inet.ipaddr.ipv6.IPv6AddressAssociativeTrie;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.function.LongSupplier;

/** A set of blocked prefixes, arranged for looking up. Not changed once made: read by any thread without a lock. */
final class BlockedPrefixes {
    static final BlockedPrefixes NONE = new BlockedPrefixes(java.util.List.of());

    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    private final IPv4AddressAssociativeTrie<Block> ipv4 = new IPv4AddressAssociativeTrie<>();
    private final IPv6AddressAssociativeTrie<Block> ipv6 = new IPv6AddressAssociativeTrie<>();

    /** @param blocks no two for the same prefix */
    BlockedPrefixes(Collection<Block> blocks) {
        for (Block block : blocks) {
            IPAddress prefix = block.prefix();
            if (prefix.isIPv4()) {
                ipv4.put(prefix.toIPv4(), block);
            } else {
                ipv6.put(prefix.toIPv6(), block);
            }
        }
    }

    /**
     * The most specific block in force that holds an address, or null.
     *
     * @param address 4 or 16 bytes, in network byte order
     * @throws IllegalArgumentException for another length
     */
    Block find(byte[] address, LongSupplier clock) {
        boolean mapped = address.length == 16 && Arrays.equals(address, 0, 12, MAPPED, 0, 12);
        if (address.length == 4 || mapped) {
            // looking up costs objects: not while there is nothing to be found
            return ipv4.isEmpty() ? null : find(ipv4.longestPrefixMatchNode(
                    new IPv4Address(ByteBuffer.wrap(address).getInt(address.length - 4))), clock);
        }
        if (address.length == 16) {
            ByteBuffer bytes = ByteBuffer.wrap(address);
            return ipv6.isEmpty() ? null
                    : find(ipv6.longestPrefixMatchNode(new IPv6Address(bytes.getLong(0), bytes.getLong(8))), clock);
        }
        throw new IllegalArgumentException("address of " + address.length + " bytes instead of 4 or 16");
    }

    /** All nodes above a match hold the address too; one of them may last longer. */
    private static Block find(AssociativeTrieNode<? extends IPAddress, Block> match, LongSupplier clock) {
        for (AssociativeTrieNode<? extends IPAddress, Block> node = match; node != null; node = node.getParent()) {
            Block block = node.getValue();
            if (block != null && (block.forever() || block.inForce(clock.getAsLong()))) {
                return block;
            }
        }
        return null;
    }
}
