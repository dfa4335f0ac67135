package org.ringfence.gateway.internal;

/**
 * Looks at all counters that may have changed about once a second, so that reports can say how fast they grow. Event loop's thread only;
 * allocates nothing.
 */
final class Rates {
    void look(SocketTable table, ApplicationLink[] applications, InsLink[] inss, long now, long elapsed) {
        for (ApplicationLink application : applications) {
            application.bytesInPerSecond = 0;
            application.bytesOutPerSecond = 0;
            application.callRate.look(application.calls, elapsed);
            application.sent.look(application.region.wakesSent(), elapsed);
            application.received.look(application.region.wakesReceived(), elapsed);
        }
        for (InsLink ins : inss) {
            ins.bytesInPerSecond = 0;
            ins.bytesOutPerSecond = 0;
            ins.sent.look(ins.region.wakesSent(), elapsed);
            ins.received.look(ins.region.wakesReceived(), elapsed);
            ins.look(now);
        }
        for (int i = 0; i < table.livelyCount(); i++) { // of a quiet one nothing has grown for longer than between two looks
            look(table.lively(i), elapsed);
        }
    }

    private static void look(RelayedSocket socket, long elapsed) {
        if (socket.phase == RelayedSocket.Phase.FREE || !socket.isConnection()) {
            return;
        }
        socket.rateIn.look(socket.bytesIn(), elapsed);
        socket.rateOut.look(socket.bytesOut(), elapsed);
        socket.application.bytesInPerSecond += socket.rateIn.perSecond();
        socket.application.bytesOutPerSecond += socket.rateOut.perSecond();
        if (socket.ins != null) {
            socket.ins.bytesInPerSecond += socket.rateIn.perSecond();
            socket.ins.bytesOutPerSecond += socket.rateOut.perSecond();
        }
    }
}
