package org.ringfence.api.system;

/**
 * Sizes of a region.
 *
 * @param abi 1 Linux x86-64, 2 NetBSD amd64
 * @param slots sockets, a multiple of 64, at most 65536
 * @param commands entries of the command ring, a power of two
 * @param cells reply cells, a multiple of 64, at most 4096
 * @param poolBytes memory for data rings, a multiple of 4096
 */
public record Geometry(int abi, int slots, int commands, int cells, long poolBytes) {
}
