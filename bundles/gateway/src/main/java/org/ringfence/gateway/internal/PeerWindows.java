package org.ringfence.gateway.internal;

/** Asks the INS's stack for the receive windows of peers that take nothing. Event loop's thread only. */
final class PeerWindows {
    /** Sends the question; false if it cannot be sent now. */
    boolean ask(RelayedSocket socket) {
        return false;
    }
}
