package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** What becomes of a listener's row when the answers to its calls come in an unusual order. */
class AcceptorTest {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int ECONNABORTED = 103;
    private static final Services NO_SERVICES = new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return null;
        }

        @Override
        public PolicyChain policies() {
            return null;
        }
    };

    private final Stages stages = new Stages();
    private final InsLink ins = new InsLink(idle(InsRegion.class), stages);
    private final SocketTable table = new SocketTable(idle(TransportSession.class));
    private final Ledger ledger = new Ledger(table, NO_SERVICES, stages);
    private final Endings endings = new Endings(table, ledger);
    private final Acceptor acceptor = new Acceptor(NO_SERVICES, table, ledger, null, endings, null, null, new CallTrace(stages));
    private final AnswerRelay answers = new AnswerRelay(NO_SERVICES, ledger, null, endings, acceptor, null, new CallTrace(stages));

    /** A region, session or flow in which nothing happens, and that has slots and cells. */
    private static <T> T idle(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Class<?> returned = method.getReturnType();
            return switch (method.getName()) {
                case "slots", "maxConnections" -> 8;
                case "name", "abi" -> "any";
                case "putCall" -> true;
                case "newFlow" -> idle(Flow.class);
                default -> returned == boolean.class ? (Object) false : returned == long.class ? (Object) 0L : returned == int.class ? (Object) 0 : null;
            };
        }));
    }

    private RelayedSocket closedListener() {
        RelayedSocket listener = table.take();
        listener.begin(new ApplicationLink(idle(ApplicationRegion.class)), 3, ins, 5, AF_INET, SOCK_STREAM, 0);
        listener.phase = Phase.LISTENING;
        listener.order = new AcceptOrder(4, 64);
        listener.closing = true;
        listener.closeSent = true;
        return listener;
    }

    private static PendingCall pending(Operation operation, RelayedSocket socket) {
        PendingCall pending = new PendingCall();
        pending.clear();
        pending.operation = operation;
        pending.socket = socket;
        return pending;
    }

    private Phase phaseAfterItsCloseAndThen(int error) {
        RelayedSocket listener = closedListener();
        PendingCall accept = pending(Operation.ACCEPT, listener);
        accept.number = listener.order.post();
        listener.posted = 1;
        answers.answer(ins, pending(Operation.CLOSE, listener), new Answer());
        assertEquals(Phase.LISTENING, listener.phase, "an ACCEPT is still to be answered");
        answers.answer(ins, accept, new Answer().set(error, error == 0 ? 0 : -1));
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
