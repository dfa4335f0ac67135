package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.PolicyChain;

/** How often it is asked what a peer has taken, and what is known of it then. */
class PeerProgressTest {
    private static final long MILLISECOND = 1_000_000L;
    // struct tcp_info, <linux/tcp.h>
    private static final int BYTES_ACKED = 120;
    private static final int SEGMENTS = 136;
    private static final int SND_WND = 228;
    private static final int BYTES = 232;
    private static final int MUCH = 3 << 19;

    private final IdlePeers peers = new IdlePeers();
    private final RelayedSocket socket = peers.connected();
    private final PeerProgress progress = new PeerProgress(new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return (CallTranslator) Proxy.newProxyInstance(CallTranslator.class.getClassLoader(), new Class<?>[] {CallTranslator.class}, (proxy, method, arguments) -> 0);
        }

        @Override
        public PolicyChain policies() {
            return null;
        }
    });
    private long now = System.nanoTime();
    /** Sent and received, as the stack tells it. */
    private long segments = 1;

    PeerProgressTest() {
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, new Listening(peers.opening()), now - 10_000 * MILLISECOND);
        socket.gated = true;
    }

    /** Milliseconds until the next question, when the last one is answered thus. */
    private long pauseAfter(long acked, int window) {
        PendingCall question = new PendingCall();
        question.isAbout(socket);
        question.number = socket.id;
        Answer answer = new Answer();
        answer.payloadLength = BYTES;
        ByteBuffer.wrap(answer.payload).order(ByteOrder.LITTLE_ENDIAN).putLong(BYTES_ACKED, acked).putLong(SEGMENTS, segments).putInt(SND_WND, window);
        progress.answered(question, answer, now);
        peers.sent.clear();
        for (int waited = 10; waited <= 5_000; waited += 10) {
            now += 10 * MILLISECOND;
            progress.ask(socket, now);
            if (!peers.sent.isEmpty()) {
                return waited;
            }
        }
        return -1;
    }

    @Test
    void aPeerWhoseWindowIsOpenIsAskedOnceASecond() {
        progress.ask(socket, now);
        for (int i = 1; i < 5; i++) {
            assertEquals(1000, pauseAfter(i * 10_000L, 1 << 16));
        }
    }

    @Test
    void whoHasTakenSomethingThroughAShutWindowIsAskedAgainSoonUntilHeTakesNothing() {
        progress.ask(socket, now);
        assertEquals(200, pauseAfter(1000, 0));
        assertEquals(200, pauseAfter(1500, 0));
        assertEquals(1000, pauseAfter(1500, 0));
        assertEquals(1000, pauseAfter(1500, 0));
        assertEquals(200, pauseAfter(1600, 0));
    }

    @Test
    void whereTheStackCountsNothingTheWindowIsKnownAndNothingElse() {
        segments = 0;
        progress.ask(socket, now);
        pauseAfter(0, 4096);
        assertEquals(4096, socket.gate.peerWindow);
        assertEquals(-1, socket.gate.acked);
        assertEquals(-1, socket.gate.ackRate);
    }

    /** It is known that nothing was acknowledged so far. */
    private void muchWaits() {
        progress.ask(socket, now);
        socket.gate.outWaiting = MUCH;
        pauseAfter(0, 1 << 20);
    }

    @Test
    void whoTakesWhatWaitsInASecondIsNotSlowHoweverMuchWaits() {
        muchWaits();
        for (int i = 1; i < 6; i++) {
            pauseAfter(i * 3_000_000L, 1 << 20);
            assertEquals(0, Bounds.slowlyWaiting(socket.gate, now));
        }
    }

    @Test
    void whoTakesMuchAndThenNothingForASecondIsNotSlow() {
        muchWaits();
        pauseAfter(6_000_000L, 1 << 20);
        pauseAfter(6_000_000L, 1 << 20);
        assertEquals(0, Bounds.slowlyWaiting(socket.gate, now));
    }

    @Test
    void whoHasTakenNothingForLongIsSlowWhateverHeTookBefore() {
        muchWaits();
        for (int i = 0; i < 12; i++) {
            pauseAfter(6_000_000L, 0);
        }
        assertEquals(MUCH, Bounds.slowlyWaiting(socket.gate, now));
    }

    @Test
    void whoAsksForMoreAgainAndAgainIsSlowAllTheSame() {
        muchWaits();
        for (int i = 0; i < 6; i++) {
            pauseAfter(0, 0);
            socket.gate.enter(Stage.RESPONSE, now);
        }
        assertEquals(MUCH, Bounds.slowlyWaiting(socket.gate, now));
    }

    @Test
    void whoReadsAndHearsNothingForSecondsOnABadLineIsNoSlowerForThat() {
        progress.ask(socket, now);
        socket.gate.outWaiting = 1 << 17;
        socket.gate.swept = now;
        socket.gate.waitingSince = now - 60_000 * MILLISECOND;
        for (int i = 0; i < 35; i++) {
            pauseAfter(i * 3_750L, 1 << 16); // 30 kbit/s
        }
        for (int i = 0; i < 4; i++) {
            pauseAfter(34 * 3_750L, 1 << 16);
        }
        assertTrue(socket.outRate() > 2000, socket.outRate() + " B/s");
    }

    @Test
    void twoAnswersOfAMomentAreOne() {
        muchWaits();
        long answered = now;
        pauseAfter(3_000_000L, 1 << 20);
        now = answered;
        pauseAfter(3_000_000L, 1 << 20);
        assertTrue(socket.gate.ackRate > 0, socket.gate.ackRate + " B/s");
    }

    private static RelayedSocket connectedOf(IdlePeers peers, long now) {
        RelayedSocket socket = peers.connected();
        socket.gate = new Gate(new HttpReaders());
        socket.gate.begin(HoldRule.NONE, new Listening(socket), now);
        socket.gated = true;
        return socket;
    }

    private int asked(RelayedSocket of, IdlePeers at, int times) {
        at.sent.clear();
        for (int i = 0; i < times; i++) {
            now += 1_000 * MILLISECOND;
            progress.ask(of, now);
        }
        return at.sent.size();
    }

    @Test
    void anInsThatAnswersNothingIsAskedNoMoreAndTheOthersAre() {
        IdlePeers silent = new IdlePeers();
        RelayedSocket slow = connectedOf(silent, now);
        IdlePeers other = new IdlePeers();
        RelayedSocket known = connectedOf(other, now);
        assertEquals(512, asked(slow, silent, 600));
        assertEquals(100, asked(known, other, 100));
        silent.ins.abandon(pending -> { });
        assertEquals(412, asked(known, other, 600), "what the other one owes is owed still");
        Answer answer = new Answer();
        for (int i = 0; i < 12; i++) {
            assertEquals(true, other.ins.takeAnswer(answer).progress);
        }
        assertEquals(12, asked(known, other, 600));
    }
}
