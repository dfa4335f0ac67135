package org.ringfence.ring.region;

import org.ringfence.api.handover.HandoverState;

/** The look for rings of a region that nobody uses: their memory goes back, and that of free pages which no ring has wanted for a while, a little at a time. Event loop's thread only. */
final class IdleRings {
    /** Sockets whose rings are looked at before the time is. */
    private static final int AT_ONCE = 64;

    private final MappedRegion region;
    private final RingPool pool;
    private final RingGrants own;
    private final RingGrants peers;
    /** Slots whose rings have not given their memory back since they were used. */
    private final SlotSet warm;
    /** Where the look for such slots goes on; -1 when it is done. */
    private int resting;

    /** @param own rings that the gateway produces in; {@code peers} those of the region's peer */
    IdleRings(MappedRegion region, RingPool pool, RingGrants own, RingGrants peers) {
        this.region = region;
        this.pool = pool;
        this.own = own;
        this.peers = peers;
        warm = new SlotSet(region.slots());
        resting = -1;
    }

    IdleRings(MappedRegion region, RingPool pool, RingGrants own, RingGrants peers, int highWater, HandoverState from) {
        this.region = region;
        this.pool = pool;
        this.own = own;
        this.peers = peers;
        warm = from.has("warm") ? new SlotSet(from.state("warm")) : SlotSet.below(highWater, region.slots());
        resting = from.has("resting") ? from.number("resting") : -1;
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("warm", warm.handOver()).put("resting", resting);
    }

    void used(int slot) {
        warm.add(slot);
    }

    void freed(int slot) {
        warm.remove(slot);
    }

    /** A look begins, to be gone on with by {@link #rest}. */
    void look() {
        if (resting < 0) {
            resting = 0;
            pool.look();
        }
    }

    /** See {@link MappedRegion#restIdleRings}. */
    boolean rest(long until) {
        if (resting < 0) {
            return false;
        }
        boolean given = false;
        int looked = 0;
        for (int slot = warm.from(resting); slot >= 0; slot = warm.from(slot + 1)) {
            if ((given || ++looked % AT_ONCE == 0) && System.nanoTime() - until > 0) {
                resting = slot;
                return true;
            }
            if (!region.isOpen(slot) || region.isHolding(slot)) {
                continue;
            }
            given |= own.rest(slot, true) | peers.rest(slot, false);
            if (own.isAtRest(slot) && peers.isAtRest(slot)) {
                warm.remove(slot);
            }
        }
        resting = region.slots(); // all were looked at
        if (pool.cool(until)) {
            return true;
        }
        resting = -1;
        return false;
    }
}
