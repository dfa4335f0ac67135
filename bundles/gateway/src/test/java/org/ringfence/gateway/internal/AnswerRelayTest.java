package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportSession;

/** In which order an application learns what an INS answered. */
class AnswerRelayTest {
    private static final int SLOTS = 8;
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private final List<String> seen = new ArrayList<>();

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

    /** A region or session that notes what is asked of it. */
    private <T> T noting(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            seen.add(method.getName());
            return switch (method.getName()) {
                case "slots" -> SLOTS;
                case "name", "abi" -> "any";
                default -> null;
            };
        }));
    }

    @Test
    void aSocketIsOpenBeforeItsCallIsAnswered() {
        Stages stages = new Stages();
        ApplicationLink application = new ApplicationLink(noting(ApplicationRegion.class));
        InsLink ins = new InsLink(noting(InsRegion.class), stages);
        RelayedSocket socket = new RelayedSocket(0, noting(TransportSession.class));
        socket.begin(application, 3, ins, 5, AF_INET, SOCK_STREAM, 0);
        PendingCall pending = new PendingCall();
        pending.clear();
        pending.operation = Operation.SOCKET;
        pending.socket = socket;
        pending.application = application;
        pending.applicationCell = 1;
        seen.clear();
        new AnswerRelay(NO_SERVICES, null, null, null, null, null, new CallTrace(stages)).answer(ins, pending, new Answer());
        seen.retainAll(List.of("setKind", "opened", "answer"));
        assertEquals(List.of("setKind", "opened", "answer"), seen);
    }
}
