package org.ringfence.gateway.internal;

import java.util.ArrayList;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the listeners of an INS that is gone at another one, with their options, address and backlog: their servers lose connections, and go
 * on listening without a notice. Event loop's thread only.
 */
final class Reopening {
    private static final Logger LOG = LoggerFactory.getLogger(Reopening.class);
    /** Between two attempts: the address may be taken for a while, by what the INS that is gone left behind. */
    private static final long AGAIN_NANOSECONDS = 1_000_000_000;
    private static final int SHUT_WR = 1;

    private final Services services;
    private final Endings endings;
    private final Acceptor acceptor;
    private final CallRelay.InsChoice choice;
    private final ArrayList<RelayedSocket> lost = new ArrayList<>();
    private final Call call = new Call();
    private final PendingCall pending = new PendingCall();

    Reopening(Services services, Endings endings, Acceptor acceptor, CallRelay.InsChoice choice) {
        this.services = services;
        this.endings = endings;
        this.acceptor = acceptor;
        this.choice = choice;
    }

    /** The INS of a listener, or of one that is being opened again, is gone. */
    void lost(RelayedSocket listener) {
        letGo(listener);
        listener.posted = 0;
        if (listener.order != null) {
            listener.order.reset();
        }
        if (listener.phase != Phase.REOPENING) {
            listener.phase = Phase.REOPENING;
            lost.add(listener);
        }
        listener.reopenFailed = false;
        listener.reopenAt = System.nanoTime();
    }

    boolean hasListenersOf(ApplicationLink application) {
        for (int i = 0; i < lost.size(); i++) {
            if (lost.get(i).application == application && lost.get(i).phase == Phase.REOPENING) {
                return true;
            }
        }
        return false;
    }

    /** Called every turn. */
    void turn(long now) {
        for (int i = lost.size() - 1; i >= 0; i--) {
            RelayedSocket listener = lost.get(i);
            if (listener.phase != Phase.REOPENING || listener.closing) {
                lost.remove(i);
            } else if (listener.ins == null && now - listener.reopenAt >= 0) {
                open(listener, now);
            }
        }
    }

    private void open(RelayedSocket listener, long now) {
        InsLink ins = choice.choose(listener.application);
        CallTranslator translator = ins == null ? null : services.translator(ins.region.abi());
        if (translator == null) {
            return;
        }
        listener.reopenAt = now + AGAIN_NANOSECONDS;
        call.clear(Operation.SOCKET, 0, 0);
        call.arguments[0] = listener.domain;
        call.arguments[1] = listener.type;
        call.arguments[2] = listener.protocol;
        int error = translate(translator, listener);
        boolean may = error == 0 && Stake.of(listener).listensAgain(listener.application, ins);
        int slot = !may ? -1 : ins.region.openSlot((int) call.arguments[0], (int) call.arguments[1], (int) call.arguments[2]);
        if (slot < 0) {
            Stake.of(listener).listensNoMore();
            warn(listener, ins, error == 0 ? Errno.ENOBUFS : error);
            leave(ins, listener.application);
            return;
        }
        listener.ins = ins;
        listener.insSlot = slot;
        ins.sockets[slot] = listener;
        send(listener, 0);
    }

    private int translate(CallTranslator translator, RelayedSocket listener) {
        pending.clear();
        pending.operation = Operation.of(call.operation);
        pending.isAbout(listener);
        pending.reopens = true;
        return translator.call(call, pending.context);
    }

    private void send(RelayedSocket listener, int step) {
        call.slot = listener.insSlot;
        call.generation = listener.ins.region.generation(listener.insSlot);
        pending.newSlot = listener.insSlot;
        pending.number = step;
        listener.ins.send(call, pending);
    }

    /** One of the calls was answered, in Linux's ABI. The next one is sent now: answers come in any order. */
    void answered(InsLink ins, PendingCall answered, Answer answer) {
        RelayedSocket listener = answered.socket;
        if (answered.isLate() || listener.phase != Phase.REOPENING || listener.closing || listener.ins != ins || listener.insSlot != answered.newSlot) {
            return;
        }
        if (answer.error != 0 && answered.operation != Operation.SETSOCKOPT) {
            failed(listener, answer.error);
        } else if (answered.operation == Operation.LISTEN) {
            listener.phase = Phase.LISTENING;
            LOG.info("'{}' listens on port {} again, at INS '{}'", listener.application.name, listener.localPort, ins.region.name());
            acceptor.replenish(listener);
        } else {
            next(listener, (int) answered.number);
        }
    }

    private void next(RelayedSocket listener, int step) {
        CallTranslator translator = services.translator(listener.ins.region.abi());
        int error = Errno.ENETDOWN;
        for (int i = step; translator != null; i++) {
            boolean option = listener.setup().call(i, call, listener) == Operation.SETSOCKOPT;
            error = translate(translator, listener);
            if (error == 0) {
                send(listener, i + 1);
                return;
            }
            if (!option) { // an option that this ABI has not is left out
                break;
            }
        }
        failed(listener, error);
    }

    private void failed(RelayedSocket listener, int error) {
        InsLink ins = listener.ins;
        int slot = listener.insSlot;
        warn(listener, ins, error);
        letGo(listener);
        endings.reset(ins, slot);
        leave(ins, listener.application);
    }

    /** An INS where nothing of the application is: the one it was on may be there by the next attempt. */
    private static void leave(InsLink ins, ApplicationLink application) {
        if (application.ins == ins && !ins.region.name().equals(application.lostIns) && !hasOthers(application, ins)) {
            application.ins = null;
        }
    }

    /** Once for each loss, not at each attempt. */
    private static void warn(RelayedSocket listener, InsLink ins, int error) {
        if (!listener.reopenFailed) {
            listener.reopenFailed = true;
            LOG.warn("port {} of '{}' cannot be opened at INS '{}': {}; it is tried again each second", listener.localPort, listener.application.name,
                    ins.region.name(), Errno.name(error));
        }
    }

    private static boolean hasOthers(ApplicationLink application, InsLink ins) {
        for (RelayedSocket socket : application.sockets) {
            if (socket != null && socket.ins == ins) {
                return true;
            }
        }
        return false;
    }

    /** A program's call on a listener that no INS has at present: the errno it is answered with. */
    int call(RelayedSocket listener, Operation operation, Call made) {
        return switch (operation) {
            case LISTEN -> {
                listener.setup().listens(made.arguments[0]);
                yield 0;
            }
            case SHUTDOWN -> shutdown(listener, made.arguments[0]);
            case CONNECT -> Errno.EISCONN;
            case SOCKET, BIND -> Errno.EINVAL;
            default -> Errno.ENETDOWN;
        };
    }

    private int shutdown(RelayedSocket listener, long how) {
        if (how < 0 || how > 2) {
            return Errno.EINVAL;
        }
        if (how != SHUT_WR) { // which a listener takes no notice of
            InsLink ins = listener.ins;
            int slot = listener.insSlot;
            letGo(listener);
            if (ins != null) {
                endings.reset(ins, slot);
            }
            listener.phase = Phase.FAILED;
            listener.region().endOfFile(listener.slot); // accept() ends
        }
        return 0;
    }

    private static void letGo(RelayedSocket listener) {
        Stake.of(listener).listensNoMore();
        if (listener.ins != null) {
            listener.ins.sockets[listener.insSlot] = null;
        }
        listener.ins = null;
        listener.insSlot = -1;
    }
}
