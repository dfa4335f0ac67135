package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Operation;

/** In which order an application learns what an INS answered. */
class AnswerRelayTest {
    private final IdlePeers peers = new IdlePeers();

    @Test
    void aSocketIsOpenBeforeItsCallIsAnswered() {
        PendingCall pending = peers.pending(Operation.SOCKET, peers.opening());
        pending.application = peers.application;
        pending.applicationCell = 1;
        peers.asked.clear();
        peers.answers.answer(peers.ins, pending, new Answer());
        peers.asked.retainAll(List.of("setKind", "opened", "answer"));
        assertEquals(List.of("setKind", "opened", "answer"), peers.asked);
    }
}
