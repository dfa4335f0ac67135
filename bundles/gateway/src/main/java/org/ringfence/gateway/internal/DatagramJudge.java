package org.ringfence.gateway.internal;

import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.Verdict;
import org.ringfence.api.transport.Datagram;
import org.ringfence.api.transport.DatagramFilter;
import org.ringfence.api.transport.Direction;

/**
 * Has the peers of a datagram socket judged, and their addresses translated. The verdict on the last peer is kept for a second, so that a
 * conversation costs the policies little and a block takes effect soon. Without a policy chain or translator datagrams are dropped:
 * what would wait as a connection is lost as a datagram. Event loop's thread only.
 */
final class DatagramJudge implements DatagramFilter {
    private static final long VERDICT_NANOSECONDS = 1_000_000_000;

    private final RelayedSocket socket;
    private final Services services;
    private final Ledger ledger;
    private final byte[] lastPeer = new byte[Addresses.IN6_BYTES];
    private int lastLength;
    private long lastAt;
    private boolean lastAllowed;

    DatagramJudge(RelayedSocket socket, Services services, Ledger ledger) {
        this.socket = socket;
        this.services = services;
        this.ledger = ledger;
    }

    /** The row is used for another socket. */
    void begin() {
        lastLength = 0;
    }

    @Override
    public boolean pass(Direction direction, Datagram datagram) {
        CallTranslator translator = services.translator(socket.ins.region.abi());
        if (translator == null || services.policies() == null) {
            return false;
        }
        if (direction == Direction.IN) {
            datagram.nameLength = translator.address(datagram.name, 0, datagram.nameLength);
            datagram.viaLength = translator.address(datagram.via, 0, datagram.viaLength);
            return datagram.nameLength > 0 && allowed(datagram, true);
        }
        if (datagram.nameLength > 0) {
            if (!allowed(datagram, false)) {
                return false;
            }
            datagram.nameLength = translator.addressToIns(datagram.name, 0, datagram.nameLength);
            if (datagram.nameLength == 0) {
                return false;
            }
        } else if (socket.phase != RelayedSocket.Phase.CONNECTED) {
            return false; // for nobody
        }
        datagram.viaLength = translator.addressToIns(datagram.via, 0, datagram.viaLength);
        return true;
    }

    private boolean allowed(Datagram datagram, boolean inbound) {
        long now = System.nanoTime();
        int length = Addresses.peerLength(datagram.name, datagram.nameLength);
        if (length == 0) {
            return false;
        }
        if (length != lastLength || now - lastAt > VERDICT_NANOSECONDS || !Addresses.same(datagram.name, lastPeer, length)) {
            lastAllowed = ledger.admitDatagrams(socket, inbound, datagram.name, length) == Verdict.ALLOW;
            System.arraycopy(datagram.name, 0, lastPeer, 0, length);
            lastLength = length;
            lastAt = now;
        }
        return lastAllowed;
    }
}
