package org.ringfence.gateway.internal;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.RegionUsage;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** An application and an INS that do nothing, with the gateway's table of their sockets, and a note of what is asked of them. */
final class IdlePeers {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    static final Services NO_SERVICES = new Services() {
        @Override
        public CallTranslator translator(String abi) {
            return null;
        }

        @Override
        public PolicyChain policies() {
            return null;
        }
    };

    /** The methods that were called, of whatever region. */
    final List<String> asked = new ArrayList<>();
    /** The calls that were sent to the INS: operation and arguments. */
    final List<String> sent = new ArrayList<>();
    /** Bytes that were moved and that their receiver has not read. */
    long unread;
    /** Where bytes wait in a ring. */
    final Set<Direction> waiting = EnumSet.noneOf(Direction.class);
    /** Reply cells that were claimed so far, one after the other; and answered. */
    private int cells;
    private int answered;
    /** Slots in use, of 64. */
    int insSlots;
    int applicationSlots;
    final Stages stages = new Stages();
    final CallTrace trace = new CallTrace(stages);
    final ApplicationLink application = new ApplicationLink(idle(ApplicationRegion.class));
    final InsLink ins = new InsLink(idle(InsRegion.class), stages);
    final SocketTable table = new SocketTable(idle(TransportSession.class));
    final Ledger ledger = new Ledger(table, NO_SERVICES, stages);
    final Endings endings = new Endings(table, ledger);
    final Acceptor acceptor = new Acceptor(NO_SERVICES, table, ledger, null, endings, null, null, trace);
    final AnswerRelay answers = new AnswerRelay(NO_SERVICES, ledger, null, endings, acceptor, null, null, trace);

    private <T> T idle(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            asked.add(method.getName());
            Class<?> returned = method.getReturnType();
            return switch (method.getName()) {
                case "slots" -> 64;
                case "maxConnections" -> 5000;
                case "name", "abi" -> "any";
                case "claimCell" -> cells++ % 4096;
                case "takeAnswer" -> answered++;
                case "openSlots" -> type == InsRegion.class ? insSlots : applicationSlots;
                case "usage" -> new RegionUsage(0, 64, 0, 64, 0, 4096, 0, 0);
                case "putCall" -> sent.add(text((Call) arguments[0]));
                case "newFlow" -> flow((Direction) arguments[0]);
                default -> returned == boolean.class ? (Object) false : returned == long.class ? (Object) 0L : returned == int.class ? (Object) 0 : null;
            };
        }));
    }

    private Flow flow(Direction direction) {
        return (Flow) Proxy.newProxyInstance(Flow.class.getClassLoader(), new Class<?>[] {Flow.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("mayGrow")) {
                asked.add(direction + " mayGrow " + arguments[0]);
            }
            Class<?> returned = method.getReturnType();
            if (method.getName().equals("unread")) {
                return unread;
            }
            return returned == boolean.class ? (Object) (method.getName().equals("isDrained") && !waiting.contains(direction))
                    : returned == long.class ? (Object) 0L : returned == int.class ? (Object) 0 : null;
        });
    }

    private static String text(Call call) {
        return Operation.of(call.operation) + " " + call.arguments[0] + " " + call.arguments[1];
    }

    /** A stream socket for whose SOCKET the INS's answer is under way. */
    RelayedSocket opening() {
        RelayedSocket socket = table.take();
        socket.begin(application, 3, ins, 5, AF_INET, SOCK_STREAM, 0);
        return socket;
    }

    RelayedSocket connected() {
        RelayedSocket socket = opening();
        socket.connect();
        return socket;
    }

    /** A listener whose CLOSE was sent to the INS. */
    RelayedSocket closedListener() {
        RelayedSocket listener = opening();
        listener.phase = Phase.LISTENING;
        listener.order = new AcceptOrder(4, 64);
        listener.closing = true;
        listener.closeSent = true;
        return listener;
    }

    /** A call to the INS, for an application that does not wait. */
    PendingCall pending(Operation operation, RelayedSocket socket) {
        PendingCall pending = new PendingCall();
        pending.clear();
        pending.operation = operation;
        pending.isAbout(socket);
        return pending;
    }
}
