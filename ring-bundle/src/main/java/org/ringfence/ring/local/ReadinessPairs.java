package org.ringfence.ring.local;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.transport.SocketState;
import org.ringfence.ring.region.Tables;

/**
 * The gateway's ends of an application's readiness pairs, and what is done to them (docs/readiness.md). Owns the ends.
 *
 * <p>An end is known only when the batch that offered the far one was carried out; until then what would have been done to it is
 * remembered in the slot's flags and done by {@link LocalApplicationRegion} afterwards. Event loop's thread only.
 */
final class ReadinessPairs {
    private static final int NO_END = -1;
    private static final int SHUT_RD = 0;

    private final int region;
    private final EventPort port;
    private final SlotFlags flags;
    private final BatchActions actions;
    private int[] near;
    /** The batch in which something was last done to a slot's pair. */
    private int[] touchedIn;
    private int batch = 1;

    ReadinessPairs(int region, int rows, EventPort port, SlotFlags flags, BatchActions actions) {
        this(region, port, flags, actions, new int[rows]);
        Arrays.fill(near, NO_END);
    }

    /** Goes on where another version stopped. */
    ReadinessPairs(int region, EventPort port, SlotFlags flags, BatchActions actions, HandoverState from) {
        this(region, port, flags, actions, from.numbers("near"));
    }

    private ReadinessPairs(int region, EventPort port, SlotFlags flags, BatchActions actions, int[] near) {
        this.region = region;
        this.port = port;
        this.flags = flags;
        this.actions = actions;
        this.near = near;
        touchedIn = new int[near.length];
        Arrays.fill(touchedIn, batch); // for all that is known
    }

    void grow(int rows) {
        near = Tables.grown(near, rows, NO_END);
        touchedIn = Tables.grown(touchedIn, rows, 0);
    }

    /** The batch was carried out. */
    void settle() {
        batch++;
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("near", near);
    }

    // ---- ends ----

    boolean isKnown(int slot) {
        return near[slot] != NO_END;
    }

    /** The gateway's end; to send offers to the far one of a listener, for example. */
    int end(int slot) {
        return near[slot];
    }

    void know(int slot, int end) {
        near[slot] = end;
    }

    /** The slot has no pair any more. Returns the gateway's end, which is the caller's. */
    int giveUp(int slot) {
        int end = near[slot];
        near[slot] = NO_END;
        return end;
    }

    /** The pair reached nobody: what was shown on it is to be shown again. */
    void discard(int slot) {
        port.close(giveUp(slot));
        flags.clear(slot, SlotFlags.SHOWN_BOTH | SlotFlags.HAS_PACKETS | SlotFlags.HAD_PACKETS);
    }

    /** The slot is freed. */
    void forget(int slot) {
        if (isKnown(slot)) {
            port.close(giveUp(slot));
        }
    }

    /** Closes all at once, without the port. */
    void release(NativeSystem system) {
        for (int slot = 0; slot < near.length; slot++) {
            if (isKnown(slot)) {
                system.close(giveUp(slot));
            }
        }
    }

    long key(int slot) {
        return Key.of(Key.PAIR, region, slot);
    }

    /** The kernel tells of the pair from now on. */
    void watch(int slot) {
        port.watch(near[slot], EventPort.IN | EventPort.RDHUP | EventPort.EDGE, key(slot));
    }

    /** Room in a listener's queue is news: OUT. */
    void watchRoom(int listener) {
        port.rewatch(near[listener], EventPort.IN | EventPort.OUT | EventPort.RDHUP | EventPort.EDGE, key(listener));
    }

    /** True if nothing lies in the pair, nor is to be sent in this batch, and both directions are as they were made. */
    boolean isWhole(int slot) {
        return touchedIn[slot] != batch && !flags.any(slot, SlotFlags.SHOWN_BOTH | SlotFlags.HAS_PACKETS | SlotFlags.OWED);
    }

    /** True if events of a pair say that nobody holds the application's end any more. */
    boolean isOver(int slot, int events) {
        boolean shutByUs = flags.all(slot, SlotFlags.SHOWN_BOTH);
        return (events & EventPort.ERR) != 0 || (events & EventPort.HUP) != 0 && !shutByUs;
    }

    // ---- what is done to them ----

    /** Sends a packet, which makes the application's end readable, unless what it would tell of is gone; {@code words} is the slot's address. */
    void packet(int slot, int generation, long words) {
        touched(port.packet(near[slot], words), slot, generation);
    }

    /** As {@link #packet}, unless one lies there already. */
    void reminder(int slot, int generation, long words) {
        touched(port.remind(near[slot], words), slot, generation);
    }

    /** Reads packets away, which makes it writable; {@code words} is 0, or the slot's address: until its application waits anew. */
    void drain(int slot, int generation, long words) {
        touched(port.drain(near[slot], words), slot, generation);
    }

    /**
     * Packets were sent or read away. The error by which a close is told from the gateway's own shutdown is reported once only: if it is
     * this action that gets it, no event will tell.
     */
    private void touched(int action, int slot, int generation) {
        touchedIn[slot] = batch;
        if (flags.any(slot, SlotFlags.SHOWN_BOTH)) {
            actions.add(action, slot, generation, BatchActions.PACKETS);
        }
    }

    /** Shows on the pair what marks say, and was not shown. */
    void show(int slot, int generation, int marks) {
        if (!isKnown(slot)) {
            return;
        }
        if ((marks & SocketState.IN_EOF) != 0 && !flags.any(slot, SlotFlags.SHOWN_EOF)) {
            // Three packets stay unread, by which a close is told from the gateway's own shutdown of both directions (EPOLLERR).
            flags.set(slot, SlotFlags.SHOWN_EOF);
            actions.add(port.end(near[slot]), slot, generation, BatchActions.END);
        }
        if ((marks & SocketState.OUT_SHUT) != 0 && !flags.any(slot, SlotFlags.SHOWN_SENDING_OVER)) {
            flags.set(slot, SlotFlags.SHOWN_SENDING_OVER);
            port.shutdown(near[slot], SHUT_RD);
        }
    }
}
