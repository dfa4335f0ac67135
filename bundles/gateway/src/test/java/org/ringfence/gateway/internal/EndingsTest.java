package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.transport.Direction;

/** How a closed connection ends whose own bytes still wait. */
class EndingsTest {
    private static final String CLOSE = "CLOSE 0 0";
    private static final String CLOSE_RESETS = "CLOSE 0 1";
    private static final String CLOSE_RESETS_BEHIND = "CLOSE 0 2";
    private static final long SECOND = 1_000_000_000L;
    private final IdlePeers peers = new IdlePeers();

    /** A connection that the application has closed while what it wrote waits for the INS. */
    private RelayedSocket closedWithBytesWaiting() {
        RelayedSocket socket = peers.connected();
        peers.waiting.add(Direction.OUT);
        peers.endings.closed(socket);
        assertEquals(List.of(), peers.sent, "its bytes go first");
        return socket;
    }

    private void isGivenUp(RelayedSocket socket, long afterSeconds) {
        peers.endings.tick(System.nanoTime() + afterSeconds * SECOND);
        assertEquals(List.of(CLOSE_RESETS), peers.sent);
        assertTrue(socket.closeSent);
    }

    @Test
    void aClosedConnectionIsEndedInOrderBehindItsBytes() {
        RelayedSocket socket = closedWithBytesWaiting();
        peers.endings.progress(socket, false);
        peers.waiting.clear();
        peers.endings.progress(socket, true);
        assertEquals(List.of(CLOSE), peers.sent);
    }

    @Test
    void whatComesBehindTheCloseTurnsItIntoAReset() {
        RelayedSocket socket = closedWithBytesWaiting();
        peers.waiting.add(Direction.IN);
        peers.endings.progress(socket, false);
        peers.waiting.clear();
        peers.endings.progress(socket, true);
        assertEquals(List.of(CLOSE_RESETS_BEHIND), peers.sent);
    }

    @Test
    void whoOnlySendsBehindTheCloseIsNotWaitedForLong() {
        RelayedSocket socket = closedWithBytesWaiting();
        peers.waiting.add(Direction.IN);
        peers.endings.progress(socket, false);
        isGivenUp(socket, 1);
    }

    @Test
    void whoSendsNothingBehindTheCloseIsGivenAMinute() {
        RelayedSocket socket = closedWithBytesWaiting();
        peers.endings.progress(socket, false);
        peers.endings.tick(System.nanoTime() + 50 * SECOND);
        assertEquals(List.of(), peers.sent);
        isGivenUp(socket, 70);
    }

    /** So many connections were closed whose bytes the INS has still to send, and has not said that it has. */
    private void closedWithBytesUnsent(int many) {
        peers.unread = 1000;
        for (int i = 0; i < many; i++) {
            RelayedSocket socket = peers.connected();
            peers.endings.closed(socket);
            peers.endings.progress(socket, false);
        }
    }

    @Test
    void closesThatWaitForClientsLeaveReplyCellsForOtherCalls() {
        closedWithBytesUnsent(4096);
        assertEquals(512, peers.sent.size());
    }

    @Test
    void whoseBytesAreSentIsClosedAtOnceHoweverManyWait() {
        closedWithBytesUnsent(513);
        peers.unread = 0;
        RelayedSocket quick = peers.connected();
        peers.endings.closed(quick);
        peers.endings.progress(quick, false);
        assertTrue(quick.closeSent);
    }

    @Test
    void theOthersAreClosedInOrderOnceTheirBytesAreSent() {
        closedWithBytesUnsent(514);
        peers.endings.begin(System.nanoTime());
        assertEquals(512, peers.sent.size());
        peers.unread = 0;
        peers.endings.begin(System.nanoTime());
        assertEquals(514, peers.sent.size());
        assertTrue(peers.sent.stream().allMatch(CLOSE::equals), "none is reset");
    }

    @Test
    void aClientWhoTakesSomethingAgainAndAgainIsGivenAMinuteEachTime() {
        closedWithBytesUnsent(513);
        for (int i = 1; i < 4; i++) {
            peers.unread -= 1;
            peers.endings.tick(System.nanoTime() + i * 50 * SECOND);
            assertEquals(512, peers.sent.size());
        }
        peers.endings.tick(System.nanoTime() + 250 * SECOND);
        assertEquals(CLOSE_RESETS, peers.sent.get(512));
    }

    @Test
    void whatComesForAnInputThatWasShutIsNoReasonForAReset() {
        RelayedSocket socket = peers.connected();
        socket.inputShut = true;
        peers.waiting.add(Direction.OUT);
        peers.endings.closed(socket);
        peers.waiting.add(Direction.IN);
        peers.endings.progress(socket, false);
        peers.waiting.clear();
        peers.endings.progress(socket, true);
        assertEquals(List.of(CLOSE), peers.sent);
    }
}
