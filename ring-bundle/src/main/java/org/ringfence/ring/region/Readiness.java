package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.transport.Direction;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * *When* an application is told that one of its sockets can be read or written (docs/readiness.md, "Readable", "Writable" and "Awake"), and the
 * watchdog that puts right what a kill -9 between two steps of that leaves behind. Event loop's thread only.
 */
final class Readiness {
    /** So many packets may lie in a readiness pair before the application is asked to read some away. The kernel takes eleven. */
    private static final int CROWD = 5;
    /** The watchdog helps at its first two looks at bytes that stay where they are, and, if it saw a packet lie there, once more. */
    private static final int RESCUES = 2;
    private static final int LAST_RESCUE = 20;

    private final BackendRegion region;
    /** Position of the application when it was last sent a packet; -1 before the first. */
    private long[] headAtLastPacket;
    /** Position of the application at the watchdog's last look; -1 when its in ring was empty then. */
    private long[] headAtLastLook;
    /** Packets the application may not have read away, at most; and whether it has been asked to. */
    private int[] packets;
    private boolean[] crowded;
    /** Looks of the watchdog that found the bytes of the one before still there. The name is that of the state that is handed over. */
    private byte[] rescues;
    /** Sockets whose watcher has let bytes lie: they get packets. */
    private boolean[] distrusted;
    /** What watchers that are awake look at. */
    private final PendingSlots seen;
    /** Slots that the watchdog has to look at. */
    private final SlotSet watched;

    Readiness(BackendRegion region) {
        this.region = region;
        int rows = region.rows();
        headAtLastPacket = new long[rows];
        headAtLastLook = new long[rows];
        packets = new int[rows];
        crowded = new boolean[rows];
        rescues = new byte[rows];
        distrusted = new boolean[rows];
        seen = region.pendingToFrontend();
        watched = new SlotSet(region.slots());
    }

    /** Goes on where another version stopped. */
    Readiness(BackendRegion region, HandoverState from) {
        this.region = region;
        headAtLastPacket = from.longNumbers("headAtLastPacket");
        headAtLastLook = from.longNumbers("headAtLastLook");
        packets = from.numbers("packets");
        crowded = from.flags("crowded");
        rescues = from.bytes("rescues");
        // a version before these were there sent packets only
        distrusted = from.has("distrusted") ? from.flags("distrusted") : new boolean[region.rows()];
        seen = from.has("seen") ? region.pendingToFrontend().from(from.state("seen")) : region.pendingToFrontend();
        watched = from.has("watched") ? new SlotSet(from.state("watched")) : SlotSet.below(region.highWater(), region.slots());
    }

    /** Into the region's own state: the versions before had it there. */
    void save(HandoverState into) {
        into.put("headAtLastPacket", headAtLastPacket).put("headAtLastLook", headAtLastLook).put("packets", packets)
                .put("crowded", crowded).put("rescues", rescues).put("watchful", true).put("distrusted", distrusted)
                .put("seen", seen.handOver()).put("watched", watched.handOver());
    }

    void grow(int rows) {
        headAtLastPacket = Arrays.copyOf(headAtLastPacket, rows);
        headAtLastLook = Arrays.copyOf(headAtLastLook, rows);
        packets = Arrays.copyOf(packets, rows);
        crowded = Arrays.copyOf(crowded, rows);
        rescues = Arrays.copyOf(rescues, rows);
        distrusted = Arrays.copyOf(distrusted, rows);
    }

    /** A new socket is in the slot. */
    void reset(int slot) {
        restart(slot);
        distrusted[slot] = false;
        set(slot, SlotLayout.ARMED, 0); // before the first packet: who receives the socket does it too late
        set(slot, SlotLayout.TOLD, 0);
    }

    /** The slot's rings are as before the first byte; its socket stays. */
    void restart(int slot) {
        headAtLastPacket[slot] = -1;
        headAtLastLook[slot] = -1;
        packets[slot] = 0;
        crowded[slot] = false;
        rescues[slot] = 0;
        set(slot, SlotLayout.CROWDED, 0);
    }

    /** The application has news of the slot: it asks to be told once more what there is, or waits for room. */
    void news(int slot) {
        if (Words.takeFlag(region.memory, region.at(slot) + SlotLayout.KICK)) {
            kicked(slot);
        }
        if (region.isFlowing(slot) && hasRoom(slot)) {
            roomMade(slot);
        }
    }

    // ---- readable ----

    void stamp(int slot) {
        seen.stamp(slot);
    }

    /**
     * Bytes were published in the in ring. A full fence has passed since. Who has been told of others and took none need not be told of
     * these, unless he waits for the edge: so may whoever has ever watched the socket in epoll.
     */
    void published(int slot) {
        watched.add(slot);
        long head = region.word(slot, SlotLayout.IN_HEAD);
        if ((head != headAtLastPacket[slot] || region.intWord(slot, SlotLayout.ARMED) != 0) && isReadable(slot, head)) {
            headAtLastPacket[slot] = head;
            if (distrusted[slot] || !isSeen(slot)) {
                wakeReader(slot);
            }
        }
    }

    /** The word of the urgent byte was written. A full fence has passed since: who wishes to be told says so, fences and looks at it. */
    void urgent(int slot) {
        if (urgentWanted(slot)) {
            wakeReader(slot);
        }
    }

    private void kicked(int slot) {
        if (isReadable(slot, region.word(slot, SlotLayout.IN_HEAD)) || region.errorUntold(slot) || urgentWanted(slot)) {
            packets[slot] = 0; // whoever kicks has read them away
            wakeReader(slot);
        }
    }

    /** False also if the only byte is an urgent one that no read gets, as on Linux. */
    private boolean isReadable(int slot, long head) {
        long tail = Words.getOpaque(region.memory, region.at(slot) + SlotLayout.IN_TAIL);
        return tail != head && (tail - head != 1 || urgentAt(slot) != head + 1
                || (region.intWord(slot, SlotLayout.URGENT_WISH) & SlotLayout.WISH_INLINE) != 0);
    }

    /** One more than the position of the last urgent byte, 0 if there was none. */
    private long urgentAt(int slot) {
        return Words.getOpaque(region.memory, region.at(slot) + SlotLayout.IN_URGENT) >>> Byte.SIZE;
    }

    private boolean urgentWanted(int slot) {
        return urgentAt(slot) != 0 && (region.intWord(slot, SlotLayout.URGENT_WISH) & SlotLayout.WISH_TOLD) != 0;
    }

    /**
     * True if the one watcher of the socket is awake: it sees the bit that is set here before it sleeps, and needs no packet
     * (docs/readiness.md, "Awake"). The same as {@code rf_readable_seen} of readiness.c.
     */
    private boolean isSeen(int slot) {
        int watcher = region.intWord(slot, SlotLayout.ARMED);
        if (watcher <= 0 || watcher >= HeaderLayout.WATCHERS) {
            return watcher == SlotLayout.ARMED_FIRST;
        }
        seen.set(slot);
        VarHandle.fullFence();
        int word = HeaderLayout.ANSWERED + Integer.BYTES * watcher;
        int process = Words.getIntOpaque(region.memory, word);
        if (process == 0 || (process & 1) == 0) {
            return process != 0;
        }
        return ((int) Words.INT.getAndBitwiseAnd(region.memory, word, ~1) & 1) == 0;
    }

    /**
     * Sends a packet. Where the reader leaves bytes in the ring it leaves packets, too; before there are so many that the kernel takes
     * no more it is asked to read some away, because a packet that does not go out wakes no edge-triggered reader.
     */
    private void wakeReader(int slot) {
        int flag = region.at(slot) + SlotLayout.CROWDED;
        if (crowded[slot] && Words.getIntOpaque(region.memory, flag) == 0) {
            crowded[slot] = false;
            packets[slot] = Math.max(0, packets[slot] - SlotLayout.CROWD_TAKEN);
        }
        if (++packets[slot] >= CROWD && !crowded[slot]) {
            crowded[slot] = true;
            Words.setIntRelease(region.memory, flag, 1);
        }
        region.tellReadable(slot);
    }

    /** The slot's first bytes lie there, and whoever receives it looks at them before anything else: no packet is sent. */
    void expect(int slot) {
        set(slot, SlotLayout.ARMED, SlotLayout.ARMED_FIRST);
        set(slot, SlotLayout.TOLD, 0); // one that was sent has not arrived
    }

    private boolean isUnseen(int slot) {
        return region.intWord(slot, SlotLayout.ARMED) == SlotLayout.ARMED_FIRST;
    }

    /** True if a watcher has the socket. */
    boolean isArmed(int slot) {
        int watcher = region.intWord(slot, SlotLayout.ARMED);
        return watcher > 0 && watcher < HeaderLayout.WATCHERS;
    }

    // ---- writable ----

    /** Of the slot's out ring {@code free} bytes of {@code size} are free now. A full fence has passed since they were taken. */
    void taken(int slot, long free, long size) {
        if (isRoom(slot, free, size)) {
            roomMade(slot);
        }
    }

    private void roomMade(int slot) {
        if (Words.takeFlag(region.memory, region.at(slot) + SlotLayout.OUT_BLOCKED)) {
            region.tellWritable(slot, false);
        }
    }

    /** Whoever waits for room, or for the end of a connect, waits no more. */
    void unblock(int slot) {
        Words.takeFlag(region.memory, region.at(slot) + SlotLayout.OUT_BLOCKED);
        region.tellWritable(slot, true);
    }

    private boolean hasRoom(int slot) {
        long filled = region.word(slot, SlotLayout.OUT_TAIL) - Words.getOpaque(region.memory, region.at(slot) + SlotLayout.OUT_HEAD);
        long size = region.ringBytes(slot, Direction.OUT);
        return isRoom(slot, size - filled, size);
    }

    /** Half of the ring; all of it if its producer was granted another one, which it moves to before it produces again. */
    private boolean isRoom(int slot, long free, long size) {
        return region.grants(Direction.OUT).isMoving(slot) ? free >= size : free * 2 >= size;
    }

    // ---- the watchdog ----

    boolean isWatchful() {
        return !watched.isEmpty();
    }

    void watchfully(int slot) {
        watched.add(slot);
    }

    void watch() {
        for (int slot = watched.from(0); slot >= 0; slot = watched.from(slot + 1)) {
            watched.remove(slot); // until there is reason to look again
            if (!region.isOpen(slot) || !region.isFlowing(slot)) {
                continue;
            }
            long head = region.word(slot, SlotLayout.IN_HEAD);
            if (!isReadable(slot, head)) {
                headAtLastLook[slot] = -1;
            } else {
                watched.add(slot);
                if (head != headAtLastLook[slot]) {
                    rescues[slot] = 0;
                } else if (rescues[slot] < LAST_RESCUE) {
                    rescue(slot, ++rescues[slot]);
                }
                headAtLastLook[slot] = head;
            }
            region.watchRoom(slot, hasRoom(slot));
        }
    }

    /**
     * Bytes lie there, and who should take them may not know. Where a packet lies, too, whoever looks sees it, and another one would be
     * an edge for nothing; only who was to take it and was killed, while another waits behind him, is helped by one, later. That one
     * lies there is certain only when the kernel says so: who has read it away may have been killed before he counted it.
     */
    private void rescue(int slot, int look) {
        if (isUnseen(slot)) {
            region.unexpected(slot);
        }
        boolean mayLie = region.intWord(slot, SlotLayout.TOLD) != region.intWord(slot, SlotLayout.HEARD);
        if (mayLie ? look == LAST_RESCUE : look <= RESCUES) {
            distrusted[slot] = true;
            wakeReader(slot);
        } else if (look <= RESCUES) {
            region.remindReadable(slot);
        }
    }

    private void set(int slot, int field, int value) {
        region.memory.putInt(region.at(slot) + field, value);
    }
}
