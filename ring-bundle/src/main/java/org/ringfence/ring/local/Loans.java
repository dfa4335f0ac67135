package org.ringfence.ring.local;

import java.util.Arrays;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.ring.region.LentWords;
import org.ringfence.ring.region.Tables;

/**
 * The application's ends that the gateway has lent and holds copies of, and the stock of pairs that have come back (docs/readiness.md, "Lent").
 * Owns the copies, and both ends of what is in stock; the near end of a lent pair is its region's. Event loop's thread only.
 */
final class Loans {
    /** Pairs that are lent or in stock. */
    static final int MOST = 256;
    /** Looks of the watchdog after which a loan ends: it is then one to two of its periods old. */
    private static final int LOOKS = 2;
    private static final int NONE = -1;
    /** In place of looks: whether the end has reached the application is not known yet. */
    private static final byte UNDER_WAY = -1;

    /** False of a region whose application began before its shim knew of loans. */
    private final boolean lends;
    private final LocalApplicationRegion region;
    private final ReadinessPairs pairs;
    private final EventPort port;
    private final LentWords words;

    // lent, in no order; a copy of NONE: it is being closed
    private final int[] slots;
    private final int[] copies;
    private final long[] cookies;
    private final byte[] looks;
    private int lent;
    private int ending;
    /** Where a slot is among them. */
    private int[] places;
    /** Pairs in the present batch that are to be lent. */
    private int promised;

    private final int[] nears;
    private final int[] fars;
    private final long[] stockCookies;
    private final byte[] blocking;
    private int stock;
    /** The smallest stock since the last sweep: so many were not needed. */
    private int idle;

    Loans(LocalApplicationRegion region, ReadinessPairs pairs, EventPort port, boolean knows) {
        this.region = region;
        this.pairs = pairs;
        this.port = port;
        lends = knows;
        words = new LentWords(region);
        slots = new int[MOST];
        copies = new int[MOST];
        cookies = new long[MOST];
        looks = new byte[MOST];
        places = new int[region.rows()];
        Arrays.fill(places, NONE);
        nears = new int[MOST];
        fars = new int[MOST];
        stockCookies = new long[MOST];
        blocking = new byte[MOST];
    }

    Loans(LocalApplicationRegion region, ReadinessPairs pairs, EventPort port, HandoverState from) {
        this.region = region;
        this.pairs = pairs;
        this.port = port;
        lends = from.has("lends") && from.flag("lends");
        words = new LentWords(region);
        slots = from.numbers("slots");
        copies = from.numbers("copies");
        cookies = from.longNumbers("cookies");
        looks = from.bytes("looks");
        lent = from.number("lent");
        ending = from.number("ending");
        places = from.numbers("places");
        promised = from.number("promised");
        nears = from.numbers("nears");
        fars = from.numbers("fars");
        stockCookies = from.longNumbers("stockCookies");
        blocking = from.bytes("blocking");
        stock = from.number("stock");
        idle = from.number("idle");
    }

    HandoverState handOver() {
        return new HandoverState("loans", 1).put("slots", slots).put("copies", copies).put("cookies", cookies).put("looks", looks)
                .put("lent", lent).put("ending", ending).put("places", places).put("promised", promised).put("nears", nears)
                .put("fars", fars).put("stockCookies", stockCookies).put("blocking", blocking).put("stock", stock).put("idle", idle).put("lends", lends);
    }

    void grow(int rows) {
        places = Tables.grown(places, rows, NONE);
    }

    // ---- lending ----

    boolean lends() {
        return lends;
    }

    boolean hasStock() {
        return stock > 0 && lent < MOST;
    }

    boolean hasRoom() {
        return lends && lent + promised + stock < MOST;
    }

    /** A pair of the stock becomes the slot's. Returns its near end; {@link #copy} and {@link #cookie} say the rest. */
    int lendAgain(int slot) {
        stock--;
        idle = Math.min(idle, stock);
        add(slot, fars[stock], stockCookies[stock]);
        looks[places[slot]] = UNDER_WAY;
        words.lendAgain(slot, blocking[stock]);
        return nears[stock];
    }

    /** A pair for the slot is made in this batch. */
    void promise(int slot) {
        promised++;
        words.lend(slot);
    }

    /** It has a result; {@code there} is false if nobody needs it any more, since the slot was freed in the same batch. */
    void lent(int slot, boolean there, int action, int result) {
        promised--;
        if (there && result >= 0) {
            add(slot, port.far(action), port.cookie(action));
            region.offered(slot, action, result);
        } else if (there) {
            words.withdraw(slot);
            region.notOffered(slot, -result);
        } else if (result >= 0) {
            port.close(result);
            port.close(port.far(action));
        }
    }

    /** A pair of the stock has reached the application, or nobody: then what was sent for the slot lies in it. */
    void lentAgain(int slot, int result) {
        if (!isLent(slot)) {
            return;
        }
        if (result >= 0) {
            looks[places[slot]] = 0;
            return;
        }
        forget(slot);
        words.withdraw(slot);
        pairs.discard(slot);
        region.notOffered(slot, -result);
    }

    private void add(int slot, int copy, long cookie) {
        slots[lent] = slot;
        copies[lent] = copy;
        cookies[lent] = cookie;
        looks[lent] = 0;
        places[slot] = lent++;
    }

    private void remove(int place) {
        places[slots[place]] = NONE;
        int last = --lent;
        if (place != last) {
            slots[place] = slots[last];
            copies[place] = copies[last];
            cookies[place] = cookies[last];
            looks[place] = looks[last];
            places[slots[place]] = place;
        }
    }

    boolean isLent(int slot) {
        return places[slot] != NONE;
    }

    int copy(int slot) {
        return copies[places[slot]];
    }

    long cookie(int slot) {
        return cookies[places[slot]];
    }

    // ---- ends ----

    /** The application has news of a slot. */
    void look(int slot) {
        int place = places[slot];
        if (place == NONE || copies[place] == NONE || looks[place] == UNDER_WAY) {
            return;
        }
        if (words.isKept(slot)) {
            end(place);
        } else if (words.isReturned(slot)) {
            takeBack(place);
        }
    }

    /** Closes must be seen now. */
    void lookAtAll() {
        for (int place = lent - 1; place >= 0; place--) {
            look(slots[place]);
        }
    }

    private void takeBack(int place) {
        int slot = slots[place];
        boolean whole = words.isEmpty(slot) && pairs.isWhole(slot);
        int near = pairs.giveUp(slot);
        words.forgetCookie(slot);
        if (whole) {
            nears[stock] = near;
            fars[stock] = copies[place];
            blocking[stock] = (byte) words.blocking(slot);
            stockCookies[stock++] = cookies[place];
        } else {
            port.close(near);
            port.close(copies[place]);
        }
        remove(place);
        region.closed(slot);
    }

    /** From now on the kernel tells of the close. */
    private void end(int place) {
        pairs.watch(slots[place]);
        port.close(copies[place]);
        copies[place] = NONE;
        ending++;
    }

    /** The batch was carried out: copies that were to be closed are. */
    void settle() {
        for (int place = lent - 1; ending > 0 && place >= 0; place--) {
            if (copies[place] == NONE) {
                words.end(slots[place]);
                remove(place);
                ending--;
            }
        }
    }

    /** A look of the watchdog: who has been lent to for long may have been killed. */
    void age() {
        for (int place = lent - 1; place >= 0; place--) {
            if (copies[place] != NONE && looks[place] != UNDER_WAY && ++looks[place] >= LOOKS) {
                end(place);
            }
        }
    }

    /** A process has gone, and nobody knows with what. */
    void endAll() {
        for (int place = lent - 1; place >= 0; place--) {
            if (copies[place] != NONE) {
                end(place);
            }
        }
    }

    /** The slot is freed. */
    void forget(int slot) {
        int place = places[slot];
        if (place == NONE) {
            return;
        }
        if (copies[place] != NONE) {
            port.close(copies[place]);
        } else {
            ending--;
        }
        remove(place);
    }

    /** Closes what was not needed since the last time. */
    void sweep() {
        for (int unneeded = idle; unneeded > 0; unneeded--) {
            stock--;
            port.close(nears[stock]);
            port.close(fars[stock]);
        }
        idle = stock;
    }

    /** Closes everything at once. */
    void release(NativeSystem system) {
        for (int place = 0; place < lent; place++) {
            if (copies[place] != NONE) {
                system.close(copies[place]);
            }
        }
        for (int i = 0; i < stock; i++) {
            system.close(nears[i]);
            system.close(fars[i]);
        }
        lent = 0;
        stock = 0;
    }
}
