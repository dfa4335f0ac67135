package org.ringfence.gateway.internal;

import java.util.ArrayDeque;
import java.util.Locale;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.transport.Region;

/** A listener as policies see it: what its server speaks, how many connections it has, what is normal there. Event loop's thread only. */
final class Listening implements Listener {
    /** Who speaks first, and what, by what the server answered: a client cannot choose it. */
    enum Kind {
        UNKNOWN, HTTP, TLS, OTHER, SERVER;

        final String text = name().toLowerCase(Locale.ROOT);
    }

    private static final long CALM_NANOSECONDS = 5_000_000_000L;
    private static final long PROBABLE_NANOSECONDS = 1_000_000_000L;
    /** If somebody waits when idle connections have been taken back at once for so long, it is tried what happens if they are not: at first, and at most. */
    private static final long TERM_NANOSECONDS = 500_000_000L;
    private static final long LONGEST_TERM_NANOSECONDS = 64_000_000_000L;
    /** So long a trial lasts: whoever waits in it may have come before. */
    private static final long TRIAL_NANOSECONDS = 300_000_000L;
    /** One connection that waits for so long is pressure; and so are a few that wait all the time for half as long. */
    private static final long LONG_WAIT_NANOSECONDS = 1_000_000_000L;
    private static final int SEVERAL = 4;
    private static final long LEAVING_NANOSECONDS = 100_000_000L;

    private final RelayedSocket socket;
    private final String application;
    private final int port;
    Kind kind = Kind.UNKNOWN;
    /** It has also answered in something else than HTTP. */
    boolean mixed;
    boolean closed;

    int open;
    int held;
    long heldBytes;
    int unread;
    /** Bytes of responses that wait for clients who are slow to take them. */
    long waiting;
    /** Connections that were let through without evidence and have shown none yet. */
    int probing;

    // connections that are not looked at in each sweep, because nothing happens to them: they count as they did
    private int quietOpen;
    private int quietHeld;
    private long quietHeldBytes;
    private int quietBusy;
    private int quietWatched;

    /** The rule of the last connection that came and is held, or might have been. */
    HoldRule rule = HoldRule.NONE;

    // what the present sweep has counted so far
    int countedOpen;
    int countedHeld;
    long countedHeldBytes;
    /** Connections that would be held if that were not only observed. */
    int countedWatched;
    int countedUnread;
    /** Nanoseconds that the first of those has waited for the application. */
    long longestUnread;
    int countedProbing;
    /** Connections whose requests the application has read and not answered; and how many of those it waits for the client of. */
    int countedBusy;
    int countedPinned;
    long countedWaiting;
    int paced;
    /** When last a slow client who is alive was ended for others. */
    long aliveEnded = System.nanoTime();

    /** Since when there have been several in each sweep; and when last there was one. */
    private long severalSince;
    private long lastUnread;
    private boolean behind;
    /** Idle connections keep the application from who waits. */
    private boolean kept;
    private long keptSince;
    private long keptUntil = System.nanoTime() - PROBABLE_NANOSECONDS;
    private long lastWaiting = keptUntil;
    private long term = TERM_NANOSECONDS;
    private long triedAt = keptUntil;
    private final Pressure pressure = new Pressure(CALM_NANOSECONDS);
    /** That of connections which wait for the application alone. */
    private final Pressure overload = new Pressure(CALM_NANOSECONDS);

    /** Held connections whose clients have ended them, in that order; some may have been ended otherwise since. */
    final ArrayDeque<RelayedSocket> left = new ArrayDeque<>();
    private RelayedSocket leaving;
    private long leavingSince;
    final Line line = new Line(this);
    /** The most connections that the application has had while it let none wait: what it can serve at once, as far as is known. */
    int capacity;
    /** When last idle connections were looked for between sweeps. */
    long relievedAt = System.nanoTime();
    final LongRequests longRequests = new LongRequests();
    final ResponseSizes responseSizes = new ResponseSizes();
    final Quantiles headNanoseconds = new Quantiles();
    final Quantiles bodyRates = new Quantiles();
    final Quantiles responseRates = new Quantiles();

    Listening(RelayedSocket socket) {
        this.socket = socket;
        application = socket.application();
        port = socket.localPort;
    }

    /** Few slots are left for others, and its application has most of them: if it has less than is left, it is others who are to give way. */
    boolean isCrowded() {
        if (closed || socket.ins == null) {
            return false;
        }
        Region there = socket.ins.region;
        Region here = socket.region();
        return isCrowded(here) || isCrowded(there) && here.openSlots() > there.slots() - there.openSlots();
    }

    private static boolean isCrowded(Region region) {
        return region.openSlots() > region.slots() * 7L / 8;
    }

    /** True while the application can be given connections. */
    boolean accepts() {
        return !closed && socket.listening == this && socket.phase == RelayedSocket.Phase.LISTENING && !socket.closing;
    }

    /** The application was given one of those that have {@link #left}. */
    void leaves(RelayedSocket client) {
        leaving = client;
        leavingSince = client.gate.offeredAt;
    }

    /** True while the application has that one, but for one that it keeps for long. */
    boolean isLeaving(long now) {
        return leaving != null && leaving.gate.offeredAt == leavingSince && leaving.isOf(this) && now - leavingSince < LEAVING_NANOSECONDS;
    }

    /** What is no request there, is of no use. */
    boolean speaksHttpAlone() {
        return kind == Kind.HTTP && !mixed;
    }

    int slot() {
        return socket.slot;
    }

    /** A connection that was counted in the present sweep will not be looked at in the next one. */
    void rests(Gate gate, long heldBytes, long now) {
        gate.quiet = true;
        gate.quietHeld = !gate.offered;
        gate.quietBusy = gate.isBusy(0, now);
        gate.quietWatched = gate.isWatched();
        gate.quietBytes = (int) heldBytes; // they lie in one ring
        quietOpen += gate.quietHeld ? 0 : 1;
        quietHeld += gate.quietHeld ? 1 : 0;
        quietHeldBytes += gate.quietBytes;
        quietBusy += gate.quietBusy ? 1 : 0;
        quietWatched += gate.quietWatched ? 1 : 0;
    }

    /** It is to be looked at again, perhaps in the present sweep. */
    void stirs(Gate gate) {
        gate.quiet = false;
        int open = gate.quietHeld ? 0 : 1;
        quietOpen -= open;
        quietHeld -= 1 - open;
        quietHeldBytes -= gate.quietBytes;
        int busy = gate.quietBusy ? 1 : 0;
        int watched = gate.quietWatched ? 1 : 0;
        quietBusy -= busy;
        quietWatched -= watched;
        countedOpen -= open;
        countedHeld -= 1 - open;
        countedHeldBytes -= gate.quietBytes;
        countedBusy -= busy;
        countedWatched -= watched;
    }

    /** How many of the quiet connections the application has. */
    int quietOpen() {
        return quietOpen;
    }

    void beginCount() {
        countedOpen = quietOpen;
        countedHeld = quietHeld;
        countedHeldBytes = quietHeldBytes;
        countedUnread = 0;
        longestUnread = 0;
        countedWatched = quietWatched;
        countedProbing = 0;
        countedBusy = quietBusy;
        countedPinned = 0;
        longRequests.beginCount();
        countedWaiting = 0;
        paced = 0;
    }

    /** Takes over what was counted; {@code full} if what is held or waits for clients is near a bound, or long requests crowd. */
    void endCount(long now, boolean full) {
        open = countedOpen;
        held = countedHeld;
        heldBytes = countedHeldBytes;
        unread = countedUnread;
        probing = countedProbing;
        waiting = countedWaiting;
        int late = line.late(now);
        if (unread > 0) {
            if (behind) {
                mayBeKept(now);
            }
            lastUnread = now;
            capacity = Math.min(capacity, open - unread);
        } else if (late == 0) {
            capacity = Math.max(capacity, open - line.size());
        }
        behind = unread > 0 || behind && now - lastUnread < CALM_NANOSECONDS;
        judgeTakingBack(now, unread > 0 || late > 0);
        if (unread < SEVERAL) {
            severalSince = now;
        }
        boolean overloaded = longestUnread > LONG_WAIT_NANOSECONDS || now - severalSince > LONG_WAIT_NANOSECONDS / 2;
        overload.judge(overloaded, now);
        pressure.judge(overloaded || full, now);
    }

    /** Whether it helps that idle connections are taken back at once. */
    private void judgeTakingBack(long now, boolean waits) {
        if (waits) {
            if (now - lastWaiting > PROBABLE_NANOSECONDS) {
                keptSince = now; // for a while nobody has waited: it does
            }
            lastWaiting = now;
        }
        boolean helps = !waits || now - keptSince <= term;
        if (open == 0) { // it has none to be taken back, and begins anew
            kept = false;
            term = TERM_NANOSECONDS;
        } else if (kept && !(behind && helps)) {
            kept = false;
            keptUntil = now;
            if (!helps) {
                triedAt = now;
                term = Math.min(2 * term, LONGEST_TERM_NANOSECONDS);
            }
        }
    }

    /** When the application was last heard of: it has sent something, made room or waits for it. */
    long lastNews() {
        return socket.application.lastNews;
    }

    /**
     * Between sweeps somebody waited for a silent application until an idle connection was taken back from it. That such connections kept it is probable: it
     * is behind for a second.
     */
    void waited(long now) {
        lastUnread = behind ? Math.max(lastUnread, now - CALM_NANOSECONDS + PROBABLE_NANOSECONDS) : now - CALM_NANOSECONDS + PROBABLE_NANOSECONDS;
        behind = true;
        isKept(now);
    }

    /**
     * A sweep has found somebody who waits, and idle connections, or it is not the first one to find somebody. Where the application is slow for other
     * reasons than idle connections each one that is taken back makes it slower, so that it never would keep up again: if somebody waits all the same, time
     * and again, it is tried what happens without.
     */
    void mayBeKept(long now) {
        if (now - triedAt > TRIAL_NANOSECONDS) {
            isKept(now);
        }
    }

    private void isKept(long now) {
        if (!kept) {
            if (now - keptUntil > PROBABLE_NANOSECONDS) {
                term = TERM_NANOSECONDS; // the trial went well
            }
            keptSince = now;
            kept = true;
        }
    }

    /** Idle connections are wanted back from the application. */
    boolean isWanting() {
        return pressure.degree() > 0 || unread > 0;
    }

    /** Somebody waits for the application, or did a moment ago. */
    boolean isBehind() {
        return behind;
    }

    /** Connections are taken back from the application as soon as they are idle. */
    boolean takesBack() {
        return kept;
    }

    @Override
    public int pressure() {
        return pressure.degree();
    }

    @Override
    public int overload() {
        return overload.degree();
    }

    @Override
    public String application() {
        return application;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public String protocol() {
        return kind.text;
    }

    @Override
    public int open() {
        return open;
    }

    @Override
    public int held() {
        return held;
    }

    @Override
    public long heldBytes() {
        return heldBytes;
    }

    @Override
    public long waitingBytes() {
        return waiting;
    }

    @Override
    public int unread() {
        return unread;
    }

    @Override
    public long normalHeadNanoseconds() {
        return headNanoseconds.at(0.95);
    }

    @Override
    public long normalBodyRate() {
        return bodyRates.at(0.05);
    }

    @Override
    public long normalResponseRate() {
        return responseRates.at(0.05);
    }
}
