package org.ringfence.api.transport;

/**
 * How full a region is.
 *
 * @param openSlots slots in use
 * @param slots slots there are
 * @param commandsWaiting calls in the command ring that were not taken yet
 * @param commands entries the command ring has
 * @param cellsClaimed reply cells in use; -1 if the peer hands them out, which the gateway need not believe
 * @param cells reply cells there are
 * @param poolUsed bytes of data rings in use
 * @param poolBytes bytes of data rings there are
 */
public record RegionUsage(int openSlots, int slots, int commandsWaiting, int commands, int cellsClaimed, int cells, long poolUsed,
        long poolBytes) {
}
