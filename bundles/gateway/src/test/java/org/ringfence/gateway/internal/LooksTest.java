package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A sweep looks at each lively connection once, however long it takes and whoever comes, rests or is stirred meanwhile. */
class LooksTest {
    private final IdlePeers peers = new IdlePeers();
    private final SocketTable table = peers.table;

    private List<RelayedSocket> connected(int count) {
        List<RelayedSocket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(peers.connected());
        }
        return sockets;
    }

    private List<RelayedSocket> lookAtTheRest() {
        List<RelayedSocket> seen = new ArrayList<>();
        for (RelayedSocket socket; (socket = table.nextLook()) != null; ) {
            seen.add(socket);
        }
        return seen;
    }

    @Test
    void whoRestsAfterHisLookHidesNobody() {
        connected(10);
        table.beginLooks();
        RelayedSocket first = table.nextLook();
        table.nextLook();
        table.rest(first);
        assertEquals(8, lookAtTheRest().size());
    }

    @Test
    void whoRestsBeforeHisLookIsNotLookedAt() {
        List<RelayedSocket> all = connected(3);
        table.beginLooks();
        table.rest(all.get(1));
        assertEquals(List.of(all.get(0), all.get(2)), lookAtTheRest());
    }

    @Test
    void whoIsStirredMeanwhileIsLookedAt() {
        List<RelayedSocket> all = connected(3);
        table.rest(all.get(0));
        table.beginLooks();
        lookAtTheRest();
        table.stir(all.get(0));
        assertSame(all.get(0), table.nextLook());
        assertNull(table.nextLook());
    }

    @Test
    void whoRestsBetweenSweepsHidesNobody() {
        List<RelayedSocket> all = connected(5);
        table.beginLooks();
        lookAtTheRest();
        table.rest(all.get(0));
        table.rest(all.get(4));
        table.beginLooks();
        assertEquals(List.of(all.get(3), all.get(1), all.get(2)), lookAtTheRest());
    }

    @Test
    void nobodyIsMissedOrLookedAtTwiceInAnyOrder() {
        Random random = new Random(42);
        List<RelayedSocket> all = connected(50);
        for (int round = 0; round < 500; round++) {
            for (RelayedSocket socket : all) {
                table.stir(socket);
            }
            List<RelayedSocket> due = new ArrayList<>(all);
            table.beginLooks();
            for (RelayedSocket socket; (socket = table.nextLook()) != null; ) {
                assertEquals(true, due.remove(socket));
                RelayedSocket other = all.get(random.nextInt(all.size()));
                if (!other.isQuiet()) {
                    table.rest(other);
                    due.remove(other);
                } else if (random.nextBoolean()) {
                    table.stir(other);
                    due.add(other);
                }
            }
            assertEquals(List.of(), due);
            for (int i = random.nextInt(all.size()); i > 0; i--) {
                RelayedSocket other = all.get(random.nextInt(all.size()));
                if (other.isQuiet()) {
                    table.stir(other);
                } else {
                    table.rest(other);
                }
            }
        }
    }
}
