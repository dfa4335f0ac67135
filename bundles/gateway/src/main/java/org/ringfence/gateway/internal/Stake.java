package org.ringfence.gateway.internal;

/** What one socket takes of what applications share: it counts at its application, its INS and in the table until it ends. Event loop's thread only. */
final class Stake {
    private ApplicationLink opener;
    private InsLink openedAt;
    private Share rows;
    private ApplicationLink server;
    private InsLink listensAt;
    /** ACCEPTs that are posted for it beyond the first one, which every listener has. */
    private int spare;

    /** That of a socket, made when its row first needs it: a connection from outside takes nothing. */
    static Stake of(RelayedSocket socket) {
        if (socket.stake == null) {
            socket.stake = new Stake();
        }
        return socket.stake;
    }

    /** True if the application may open a socket: slots and rows are left for others, and for connections from outside. */
    static boolean mayOpen(ApplicationLink application, InsLink ins, SocketTable table) {
        return ins.ownSockets.allows(application.ownSockets) > 0 && table.ownSockets().allows(application.ownSockets) > 0;
    }

    /** The application has opened the socket, or is at both ends of it. */
    void opens(ApplicationLink application, InsLink ins, SocketTable table) {
        opener = application;
        openedAt = ins;
        rows = table.ownSockets();
        opener.ownSockets++;
        openedAt.ownSockets.take();
        rows.take();
    }

    /** True if the application may have one more listener at the INS, and has it: for good, whatever becomes of its LISTEN; or has it already. */
    boolean listens(ApplicationLink application, InsLink ins) {
        return listensAt != null || ins.listeners.allows(application.listeners) > 0 && takes(application, ins);
    }

    /** The same of one that was a listener of an INS that is gone: its application had its share of that one. */
    boolean listensAgain(ApplicationLink application, InsLink ins) {
        if (!ins.listeners.isLeft()) {
            return false;
        }
        if (openedAt != null) { // its slot there is no more
            openedAt.ownSockets.giveBack();
            openedAt = ins;
            openedAt.ownSockets.take();
        }
        return takes(application, ins);
    }

    private boolean takes(ApplicationLink application, InsLink ins) {
        server = application;
        listensAt = ins;
        server.listeners++;
        listensAt.listeners.take();
        return true;
    }

    /** True if one more ACCEPT may be posted for the listener, which has so many. */
    boolean mayPost(int posted) {
        return listensAt != null && (posted == 0 || posted - 1 < listensAt.spareAccepts.allows(server.spareAccepts));
    }

    /** So many ACCEPTs of the listener are posted now. */
    void posted(int now) {
        for (; spare < now - 1; spare++) {
            server.spareAccepts++;
            listensAt.spareAccepts.take();
        }
        for (; spare > Math.max(0, now - 1); spare--) {
            server.spareAccepts--;
            listensAt.spareAccepts.giveBack();
        }
    }

    /** It is no listener of its INS any more. */
    void listensNoMore() {
        if (listensAt != null) {
            posted(0);
            server.listeners--;
            listensAt.listeners.giveBack();
            server = null;
            listensAt = null;
        }
    }

    /** The socket has ended. */
    void ends() {
        listensNoMore();
        if (openedAt != null) {
            opener.ownSockets--;
            openedAt.ownSockets.giveBack();
            rows.giveBack();
            opener = null;
            openedAt = null;
        }
    }
}
