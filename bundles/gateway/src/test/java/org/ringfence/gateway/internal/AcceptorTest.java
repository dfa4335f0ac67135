package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Operation;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** What becomes of a listener's row when the answers to its calls come in an unusual order. */
class AcceptorTest {
    private static final int ECONNABORTED = 103;
    private final IdlePeers peers = new IdlePeers();

    private Phase phaseAfterItsCloseAndThen(int error) {
        RelayedSocket listener = peers.closedListener();
        PendingCall accept = peers.pending(Operation.ACCEPT, listener);
        accept.number = listener.order.post();
        listener.posted = 1;
        peers.answers.answer(peers.ins, peers.pending(Operation.CLOSE, listener), new Answer());
        assertEquals(Phase.LISTENING, listener.phase, "an ACCEPT is still to be answered");
        peers.answers.answer(peers.ins, accept, new Answer().set(error, error == 0 ? 0 : -1));
        return listener.phase;
    }

    @Test
    void aListenersRowIsFreeWhenItsLastAcceptIsRefusedAfterItsClose() {
        assertEquals(Phase.FREE, phaseAfterItsCloseAndThen(ECONNABORTED));
    }

    @Test
    void aListenersRowIsFreeWhenItsLastAcceptBringsAConnectionAfterItsClose() {
        assertEquals(Phase.FREE, phaseAfterItsCloseAndThen(0));
    }
}
