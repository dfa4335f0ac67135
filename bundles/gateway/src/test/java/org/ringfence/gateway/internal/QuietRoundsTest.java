package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Stage;

/** Which quiet connections are looked at when: a request that has begun often, all a few at a time. */
class QuietRoundsTest {
    private static final int ROUNDS = 64;
    private final IdlePeers peers = new IdlePeers();
    private final Listening listening = new Listening(peers.opening());
    private final QuietRounds rounds = new QuietRounds(peers.table);

    private RelayedSocket quiet(Stage stage) {
        RelayedSocket socket = peers.connected();
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, listening, 0);
        socket.gate.enter(stage, 0);
        socket.gated = true;
        peers.table.rest(socket);
        return socket;
    }

    private int due(RelayedSocket socket) {
        int times = 0;
        for (int i = 0; i < ROUNDS; i++) {
            rounds.begin(listening.isWanting());
            for (RelayedSocket due; (due = rounds.next()) != null; ) {
                times += due == socket ? 1 : 0;
            }
        }
        return times;
    }

    @Test
    void aRequestThatHasBegunIsDueInOneRoundOfFour() {
        quiet(Stage.IDLE);
        assertEquals(ROUNDS / 4, due(quiet(Stage.HEAD)));
    }

    @Test
    void anIdleConnectionIsDueInOneRoundOfSixtyFour() {
        quiet(Stage.HEAD);
        assertEquals(ROUNDS / 64, due(quiet(Stage.IDLE)));
    }

    @Test
    void anIdleConnectionIsDueInOneRoundOfEightWhileOthersWaitForItsApplication() {
        quiet(Stage.HEAD);
        RelayedSocket idle = quiet(Stage.IDLE);
        listening.unread = 1;
        assertEquals(ROUNDS / 8, due(idle));
    }

    @Test
    void aRoundThatIsNotOverGoesOnWhereItWas() {
        RelayedSocket[] all = new RelayedSocket[7]; // behind the listener's row
        for (int i = 0; i < all.length; i++) {
            all[i] = quiet(Stage.HEAD);
        }
        RelayedSocket first;
        do {
            rounds.begin(listening.isWanting());
            first = rounds.next();
        } while (first != all[0]);
        rounds.begin(listening.isWanting());
        assertSame(all[4], rounds.next(), "four rows on, not those of the next round");
        assertNull(rounds.next());
        assertTrue(rounds.isOver());
    }
}
