package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.Words;

/**
 * The rings of one direction of all slots: which the producer uses, and which it was granted in its place. A socket starts with 16 KiB
 * where the peer produces and with 4 where the gateway does, which can exchange an empty ring at once; it gets four times as much whenever a ring was
 * full, up to 1 MiB, so that bulk has large rings and idle sockets have not. A ring begins at its first page whenever it was empty: of a large one
 * that carries little no other page is touched.
 */
final class RingGrants {
    /** Of a peer's first ring: 16 KiB, what many a response and every record of TLS fits into. */
    static final int PEERS_ORDER = 2;
    private static final int GROWTH = 2; // orders at a time
    /** So much of a ring that has grown is mapped at once when it is written for the first time. */
    private static final int POPULATED = 32 << 10;
    private static final int LOOKS = 4; // one a second, after one to compare with
    /** For a ring that was wanted again after its memory had gone: giving it back and having it again costs more than the bytes that came. */
    private static final int LATER_LOOKS = 16;

    private final ByteBuffer memory;
    private final RingPool pool;
    private final RingOffsets offsets;
    private final int slotsAt;
    private final int slotBytes;
    private final int firstOrder;
    private long[] used;
    private long[] granted;
    private long[] tailAtLastLook;
    private boolean[] fixed;
    private byte[] stillLooks;
    private boolean[] wantedAgain;
    /** Bytes of the used ring that are mapped here, counted from its first; of one that has not grown, all. */
    private int[] mapped;

    /** @param firstOrder of the ring a socket starts with, as long as the pool has enough for all */
    RingGrants(ByteBuffer memory, RingPool pool, RingOffsets offsets, int slotsAt, int slotBytes, int firstOrder, int rows) {
        this.firstOrder = firstOrder;
        this.memory = memory;
        this.pool = pool;
        this.offsets = offsets;
        this.slotsAt = slotsAt;
        this.slotBytes = slotBytes;
        used = new long[rows];
        granted = new long[rows];
        tailAtLastLook = new long[rows];
        fixed = new boolean[rows];
        stillLooks = new byte[rows];
        wantedAgain = new boolean[rows];
        mapped = new int[rows];
    }

    RingGrants(ByteBuffer memory, RingPool pool, RingOffsets offsets, int slotsAt, int slotBytes, int firstOrder, HandoverState from) {
        this.firstOrder = firstOrder;
        this.memory = memory;
        this.pool = pool;
        this.offsets = offsets;
        this.slotsAt = slotsAt;
        this.slotBytes = slotBytes;
        used = from.longNumbers("used");
        granted = from.longNumbers("granted");
        tailAtLastLook = from.longNumbers("tailAtLastLook");
        fixed = from.flags("fixed");
        stillLooks = from.has("stillLooks") ? from.bytes("stillLooks") : new byte[used.length];
        wantedAgain = from.has("wantedAgain") ? from.flags("wantedAgain") : new boolean[used.length];
        mapped = from.has("mapped") ? from.numbers("mapped") : allMapped(used.length);
    }

    HandoverState handOver() {
        return new HandoverState("grants", 1).put("used", used).put("granted", granted).put("tailAtLastLook", tailAtLastLook).put("fixed", fixed)
                .put("stillLooks", stillLooks).put("wantedAgain", wantedAgain).put("mapped", mapped);
    }

    void grow(int rows) {
        used = Arrays.copyOf(used, rows);
        granted = Arrays.copyOf(granted, rows);
        tailAtLastLook = Arrays.copyOf(tailAtLastLook, rows);
        fixed = Arrays.copyOf(fixed, rows);
        stillLooks = Arrays.copyOf(stillLooks, rows);
        wantedAgain = Arrays.copyOf(wantedAgain, rows);
        mapped = Arrays.copyOf(mapped, rows);
    }

    /** What a version before did not know is mapped as it is touched. */
    private static int[] allMapped(int slots) {
        int[] mapped = new int[slots];
        Arrays.fill(mapped, Integer.MAX_VALUE);
        return mapped;
    }

    /** Grants a slot its first ring. False if the pool is exhausted. */
    boolean open(int slot) {
        long grant = first();
        if (grant == 0) {
            grant = pool.take(0);
        }
        publish(slot, grant);
        granted[slot] = grant;
        use(slot, grant);
        tailAtLastLook[slot] = -1;
        fixed[slot] = false;
        stillLooks[slot] = 0;
        wantedAgain[slot] = false;
        // Nobody has this generation of the slot yet: who is at a ring was at one of the last, or killed there.
        memory.putInt(slotsAt + slot * slotBytes + offsets.busy(), 0);
        return grant != 0;
    }

    /** A ring to start with, or of the smallest; 0 if that would touch the reserve. */
    private long first() {
        long grant = pool.takeLarge(firstOrder);
        return grant == 0 && firstOrder > 0 ? pool.takeLarge(0) : grant;
    }

    /** For one who gives more than that back in the same breath. */
    private long firstOrSmallest() {
        long grant = first();
        return grant != 0 ? grant : pool.take(0);
    }

    private long firstWithoutMemory() {
        int warm = pool.warmPages();
        long grant = first();
        if (grant != 0 && pool.warmPages() != warm) {
            pool.punch(grant); // it was somebody's
        }
        return grant;
    }

    /** It has grown, and is not to be left for one that is larger still. */
    private boolean isLarge(int slot) {
        return Grant.order(used[slot]) > firstOrder && Grant.order(granted[slot]) <= Grant.order(used[slot]);
    }

    void free(int slot) {
        pool.give(used[slot]);
        if (granted[slot] != used[slot]) {
            pool.give(granted[slot]);
        }
        used[slot] = 0;
        granted[slot] = 0;
        publish(slot, 0);
    }

    /** The ring the producer uses, as far as the gateway has seen. */
    long used(int slot) {
        return used[slot];
    }

    /** True if the producer is to move to another ring when its ring is empty. */
    boolean isMoving(int slot) {
        return granted[slot] != used[slot];
    }

    /**
     * Grants a ring of a certain order in place of the first one, for good: it neither grows nor shrinks.
     *
     * @param produced true if the gateway is the ring's producer
     * @return false if the pool has none
     */
    boolean fix(int slot, int order, boolean produced) {
        if (fixed[slot]) {
            return true; // at an attempt before, whose other ring could not be had
        }
        long grant = pool.takeLarge(order);
        if (grant == 0) {
            return false;
        }
        fixed[slot] = true;
        giveUnused(slot, produced);
        granted[slot] = grant;
        publish(slot, grant);
        if (produced) {
            adopt(slot);
        }
        return true;
    }

    /** No byte has come yet. Of two rings, as after a look at idle ones, the one that the producer is not at goes back to the pool. */
    private void giveUnused(int slot, boolean produced) {
        if (!produced && isMoving(slot)) {
            accept(slot, Words.getAcquire(memory, slotsAt + slot * slotBytes + offsets.used()));
        }
        if (isMoving(slot)) {
            pool.give(granted[slot]);
        }
    }

    /** Grants a larger ring, but none beyond an order, unless there is none or one is granted already. */
    void grow(int slot, int mostOrder) {
        int order = Grant.order(used[slot]);
        if (isMoving(slot) || order >= mostOrder || fixed[slot]) {
            return;
        }
        long grant = pool.takeLarge(Math.min(order + GROWTH, mostOrder));
        if (grant != 0) {
            granted[slot] = grant;
            publish(slot, grant);
        }
    }

    /** Grants a ring for so many bytes at once, as far as there is one: who writes them need not fill ring after ring. */
    void growTo(int slot, long bytes) {
        int order = 0;
        while (order < Grant.MAX_ORDER && Grant.PAGE_BYTES << order < bytes) {
            order++;
        }
        if (isMoving(slot) || fixed[slot] || order <= Grant.order(used[slot])) {
            return;
        }
        long grant = pool.takeLarge(order);
        if (grant != 0) {
            granted[slot] = grant;
            publish(slot, grant);
        }
    }

    /**
     * Looks at a slot about once a second. A ring that has grown and been empty and still since the last look goes back to the pool for one as at
     * the start; one that has been still for {@value #LOOKS} looks gives its memory back, which an idle connection has no use for; the next time after
     * {@value #LATER_LOOKS}.
     *
     * @param produced true if the gateway is the ring's producer, and so knows that nobody is at it
     * @return true if memory was given back
     */
    boolean rest(int slot, boolean produced) {
        if (fixed[slot]) {
            return false;
        }
        int s = slotsAt + slot * slotBytes;
        long tail = Words.getAcquire(memory, s + offsets.tail());
        boolean still = tail == tailAtLastLook[slot] && tail == Words.getAcquire(memory, s + offsets.head());
        tailAtLastLook[slot] = tail;
        int before = stillLooks[slot];
        boolean large = isLarge(slot);
        wantedAgain[slot] |= !still && before >= LOOKS;
        int enough = looks(slot);
        stillLooks[slot] = (byte) (still ? Math.min(before + 1, enough + 1) : 0);
        if (!still || !large && stillLooks[slot] != enough) {
            return false;
        }
        if (produced) {
            return restOwn(slot, large);
        }
        if (!restPeers(slot, s, large)) {
            stillLooks[slot] = (byte) before; // a later look will do it
            return false;
        }
        return true;
    }

    /** True if this ring need not be looked at until its producer or its consumer was at it again. */
    boolean isAtRest(int slot) {
        return fixed[slot] || stillLooks[slot] >= looks(slot) && !isLarge(slot);
    }

    private int looks(int slot) {
        return wantedAgain[slot] ? LATER_LOOKS : LOOKS;
    }

    private boolean restOwn(int slot, boolean large) {
        long grant = isMoving(slot) ? granted[slot] : large ? firstOrSmallest() : 0;
        if (grant == 0) {
            pool.punch(used[slot]);
            return true;
        }
        granted[slot] = grant;
        publish(slot, grant);
        giveUsed(slot, large);
        use(slot, grant); // its flow tells the consumer with the next bytes
        return true;
    }

    /** The peer may be about to write: it gets another ring, and if it is not at the present one it will not be any more. */
    private boolean restPeers(int slot, int s, boolean large) {
        if (!isMoving(slot)) {
            long grant = large ? first() : firstWithoutMemory();
            if (grant == 0) {
                return false;
            }
            granted[slot] = grant;
            publish(slot, grant);
        }
        VarHandle.fullFence();
        return leave(slot, s, large);
    }

    /**
     * Another ring was granted, and a fence has passed: a peer that is not at the present one will see that before it is, and so never is again. One
     * that was, after the look and before the fence, has published what it wrote before it was no longer busy: that stays.
     */
    private boolean leave(int slot, int s, boolean large) {
        if (Words.getIntAcquire(memory, s + offsets.busy()) != 0 || Words.getAcquire(memory, s + offsets.tail()) != tailAtLastLook[slot]) {
            return false;
        }
        giveUsed(slot, large);
        use(slot, granted[slot]);
        return true;
    }

    /** A large ring goes back with its pages, for the next who needs one. */
    private void giveUsed(int slot, boolean large) {
        if (large) {
            pool.give(used[slot]);
        } else {
            pool.giveWithMemory(used[slot]);
        }
    }

    /**
     * The producer says which ring it uses.
     *
     * @return false if it was never granted
     */
    boolean accept(int slot, long claimed) {
        if (claimed == used[slot]) {
            return true;
        }
        if (claimed != granted[slot]) {
            return false;
        }
        pool.give(used[slot]);
        use(slot, claimed);
        return true;
    }

    /** The gateway is the producer, and its ring is empty: it moves to the ring it was granted. */
    long adopt(int slot) {
        pool.give(used[slot]);
        use(slot, granted[slot]);
        return used[slot];
    }

    private void use(int slot, long grant) {
        used[slot] = grant;
        mapped[slot] = Grant.bytes(grant) < POPULATED || fixed[slot] ? Integer.MAX_VALUE : 0;
    }

    /**
     * Bytes of the used ring are about to be touched: their pages are mapped at once where that is the first time
     * (docs/decisions/0039-pages-before-they-are-touched.md).
     *
     * @param end of them, as an offset in the ring
     */
    void touch(int slot, int end, boolean written) {
        int from = mapped[slot];
        if (end > from) {
            int unit = written ? POPULATED : Grant.PAGE_BYTES;
            mapped[slot] = (end + unit - 1) / unit * unit;
            pool.populate(used[slot], from, mapped[slot], written);
        }
    }

    private void publish(int slot, long grant) {
        Words.setRelease(memory, slotsAt + slot * slotBytes + offsets.grant(), grant);
    }
}
