package org.ringfence.gateway.internal;

import java.util.ArrayDeque;
import java.util.List;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.transport.SocketState;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.ringfence.gateway.internal.Timeline.Event;

/**
 * Ends sockets: with an error, by a close whose bytes are sent first, because a side is gone, or because an administrator wants it so. Event
 * loop's thread only.
 */
final class Endings {
    /** How long the bytes of a closed socket may make no progress before the connection is reset. */
    private static final long LINGER_NANOSECONDS = 60_000_000_000L;
    /** The same if a reset is to follow them: Linux would not wait at all, but has taken them out of the program's hands before. */
    private static final long LINGER_BEFORE_RESET_NANOSECONDS = 500_000_000L;
    /** In each turn so many of those that wait for an INS are looked at. */
    private static final int LOOKS = 256;
    private static final int CLOSE_RESETS = 1;
    private static final int CLOSE_RESETS_BEHIND = 2;

    private final SocketTable table;
    private final Ledger ledger;
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();
    /** Closed sockets whose bytes are still on their way. */
    private int lingering;
    /** Those of them whose bytes an INS has which is to keep no more reply cells for that; some have been ended otherwise since. */
    private final ArrayDeque<RelayedSocket> postponed = new ArrayDeque<>();
    /** {@link System#nanoTime()} at the beginning of the turn. */
    private long now = System.nanoTime();

    Endings(SocketTable table, Ledger ledger) {
        this.table = table;
        this.ledger = ledger;
    }

    /** A turn begins. */
    void begin(long turn) {
        now = turn;
        closeSome();
    }

    /** The connection, or the attempt at one, is over with an error. The INS's slot stays until the application closes. */
    void fail(RelayedSocket socket, int errno) {
        table.stir(socket);
        socket.phase = Phase.FAILED;
        socket.timeline.mark(Event.FAILED, now);
        if (!socket.closing) {
            socket.region().failed(socket.slot, errno);
        }
    }

    // ---- close ----

    /** The application's last reference is gone. What flows goes on flowing, as {@link #progress} hears, until its bytes are sent. */
    void closed(RelayedSocket socket) {
        table.stir(socket);
        socket.closing = true;
        socket.timeline.mark(Event.CLOSED, now);
        if (socket.isFlowing()) {
            socket.closeResets = hasMore(socket) || !socket.datagrams && !socket.inputShut && socket.region().hasUnread(socket.slot);
            socket.closeDeadline = System.nanoTime() + patience(socket);
            socket.closeLeft = socket.outward.unread();
            socket.closePostponed = false;
            lingering++;
        } else if (socket.phase != Phase.OPENING) {
            close(socket, socket.phase == Phase.CONNECTING || socket.phase == Phase.FAILED);
        }
        // OPENING: the answer to SOCKET is under way, and whoever takes it sees that the socket is closing.
    }

    /** True if the peer has sent what nobody will read. */
    private static boolean hasMore(RelayedSocket socket) {
        return !socket.datagrams && !socket.inputShut && !socket.inward.isDrained();
    }

    private static long patience(RelayedSocket socket) {
        return socket.closeResets ? LINGER_BEFORE_RESET_NANOSECONDS : LINGER_NANOSECONDS;
    }

    /** Of a closed socket all that can be moved was moved, be it nothing. */
    void progress(RelayedSocket socket, boolean moved) {
        if (socket.closeSent) {
            return;
        }
        boolean failed = socket.ins == null || (socket.ins.region.marks(socket.insSlot) & SocketState.RESET) != 0;
        if (failed) {
            giveUp(socket);
        } else if (socket.outward.isDrained()) {
            if (mayClose(socket)) {
                closeInOrder(socket);
            } else if (!socket.closePostponed) {
                socket.closePostponed = true;
                postponed.add(socket);
            }
        } else if (!socket.closeResets && hasMore(socket)) {
            // Bytes for a closed socket: Linux answers them with a reset. Their sender may read nothing before he has sent all.
            socket.closeResets = true;
            socket.closeDeadline = System.nanoTime() + patience(socket);
        } else if (moved) {
            socket.closeDeadline = System.nanoTime() + patience(socket);
        }
    }

    /** A CLOSE keeps a reply cell of the INS until the last bytes are sent; where many do, others wait here for that. */
    private static boolean mayClose(RelayedSocket socket) {
        return socket.ins.mayLinger() || socket.outward.unread() == 0;
    }

    private void closeInOrder(RelayedSocket socket) {
        lingering--;
        close(socket, false);
    }

    /** Closes some of those that waited for the INS. */
    private void closeSome() {
        for (int looks = Math.min(postponed.size(), LOOKS); looks > 0; looks--) {
            RelayedSocket socket = postponed.poll();
            if (!isLingering(socket) || !socket.closePostponed) {
                continue; // it was ended otherwise, and is perhaps another one by now
            }
            if (mayClose(socket)) {
                closeInOrder(socket);
            } else {
                postponed.add(socket);
            }
        }
    }

    /** Frees the application's side at once and tells the INS to close, after its bytes are sent or with a reset. */
    void close(RelayedSocket socket, boolean reset) {
        if (socket.closeSent) {
            return;
        }
        socket.closeSent = true;
        socket.timeline.mark(Event.CLOSE_SENT, now);
        freeApplicationSide(socket);
        if (socket.ins == null) {
            ledger.ended(socket);
            return;
        }
        call.clear(Operation.CLOSE, socket.insSlot, socket.ins.region.generation(socket.insSlot));
        call.arguments[0] = socket.ins.region.outGiven(socket.insSlot);
        call.arguments[1] = reset ? CLOSE_RESETS : socket.closeResets ? CLOSE_RESETS_BEHIND : 0;
        pending.clear();
        pending.operation = Operation.CLOSE;
        pending.lingers = !reset && socket.isFlowing() && socket.outward.unread() > 0;
        pending.isAbout(socket);
        socket.ins.send(call, pending);
    }

    private void freeApplicationSide(RelayedSocket socket) {
        if (socket.slot >= 0) {
            socket.application.sockets[socket.slot] = null;
            socket.region().freeSlot(socket.slot);
            socket.slot = -1;
        }
    }

    /** Resets a lingering socket. */
    void giveUp(RelayedSocket socket) {
        lingering--;
        close(socket, true);
    }

    /** Resets closed sockets whose peer takes nothing any more. Called about once a second. */
    void tick(long now) {
        if (lingering == 0) {
            return;
        }
        List<RelayedSocket> rows = table.rows();
        for (int i = 0; i < rows.size(); i++) { // an iterator would be allocated
            RelayedSocket socket = rows.get(i);
            if (!isLingering(socket)) {
                continue;
            }
            if (!socket.closeResets && socket.outward.unread() != socket.closeLeft) {
                socket.closeLeft = socket.outward.unread();
                socket.closeDeadline = now + patience(socket);
            } else if (now - socket.closeDeadline > 0) {
                giveUp(socket);
            }
        }
    }

    // ---- a side is gone ----

    /** The application's region is going: its side of the socket is no more. */
    void abandon(RelayedSocket socket) {
        if (isLingering(socket)) {
            lingering--;
        }
        socket.closing = true;
        socket.slot = -1; // freed with the region
        if (socket.phase != Phase.OPENING) {
            close(socket, true);
        }
    }

    /** The INS is gone, and with it its side of the socket. Calls under way have been answered. */
    void insGone(RelayedSocket socket) {
        if (isLingering(socket)) {
            lingering--;
        }
        socket.ins = null;
        socket.insSlot = -1;
        if (socket.phase == Phase.OPENING) {
            // The program closes the descriptor, as after any failed socket().
            if (socket.slot >= 0) {
                if (socket.closing) {
                    freeApplicationSide(socket);
                } else {
                    socket.application.sockets[socket.slot] = null;
                }
            }
            ledger.ended(socket);
        } else if (socket.closing || socket.isHeld()) { // of which no program has a descriptor
            freeApplicationSide(socket);
            ledger.ended(socket);
        } else if (socket.phase != Phase.FAILED) {
            fail(socket, Errno.ECONNRESET);
        }
    }

    // ---- an administrator intervenes ----

    /** Ends a connection for both its ends at once. */
    void reset(RelayedSocket socket) {
        if (isLingering(socket)) {
            giveUp(socket);
            return;
        }
        if (socket.isHeld()) { // no program has a descriptor of it
            table.stir(socket);
            socket.closing = true;
            close(socket, true);
            return;
        }
        // Both sides are let go of, as when the INS is gone; the row stays until the application closes its end.
        InsLink ins = socket.ins;
        int insSlot = socket.insSlot;
        ins.sockets[insSlot] = null;
        socket.ins = null;
        socket.insSlot = -1;
        reset(ins, insSlot);
        fail(socket, Errno.ECONNRESET);
    }

    /** Resets a connection of an INS that no row of the table is about. */
    void reset(InsLink ins, int insSlot) {
        call.clear(Operation.CLOSE, insSlot, ins.region.generation(insSlot));
        call.arguments[1] = CLOSE_RESETS;
        pending.clear();
        pending.operation = Operation.CLOSE;
        pending.newSlot = insSlot;
        ins.send(call, pending);
    }

    /** True of a closed socket whose bytes are still on their way. */
    static boolean isLingering(RelayedSocket socket) {
        return socket.isFlowing() && socket.closing && !socket.closeSent;
    }
}
