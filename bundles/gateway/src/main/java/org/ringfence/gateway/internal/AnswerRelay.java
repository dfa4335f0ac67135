package org.ringfence.gateway.internal;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.Verdict;
import org.ringfence.gateway.internal.RelayedSocket.Phase;

/** Takes an INS's answers to the application, with what they change in the gateway. Event loop's thread only. */
final class AnswerRelay {
    private final Services services;
    private final Ledger ledger;
    private final ByteRelay bytes;
    private final Endings endings;
    private final Acceptor acceptor;
    private final Sweep sweep;
    private final Reopening reopening;
    private final CallTrace trace;

    AnswerRelay(Services services, Ledger ledger, ByteRelay bytes, Endings endings, Acceptor acceptor, Sweep sweep, Reopening reopening,
            CallTrace trace) {
        this.services = services;
        this.ledger = ledger;
        this.bytes = bytes;
        this.endings = endings;
        this.acceptor = acceptor;
        this.sweep = sweep;
        this.reopening = reopening;
        this.trace = trace;
    }

    void answer(InsLink ins, PendingCall pending, Answer answer) {
        RelayedSocket socket = pending.socket;
        if (pending.reopens) {
            translate(ins, pending, answer);
            reopening.answered(ins, pending, answer);
            return;
        }
        if (pending.isLate() && !pending.progress) {
            answerApplication(ins, pending, answer);
            return;
        }
        switch (pending.operation) {
            case ACCEPT -> acceptor.accepted(ins, pending, answer);
            case CLOSE -> closed(ins, pending);
            case SHUTDOWN -> {
                if (answer.error == 0 && socket.phase == Phase.LISTENING && socket.inputShut && !socket.closing) {
                    socket.region().endOfFile(socket.slot); // accept() ends
                }
                answerApplication(ins, pending, answer);
            }
            case SOCKET -> {
                // Before the answer: whoever sees it may use the socket at once.
                opened(ins, socket, answer.error == 0);
                answerApplication(ins, pending, answer);
            }
            case LISTEN -> {
                if (answer.error == 0 && !socket.closing && socket.phase == Phase.OPEN) {
                    socket.phase = Phase.LISTENING;
                    sweep.listens(socket);
                    ledger.named(socket); // by listen(), if it was not bound
                    socket.region().listening(socket.slot);
                }
                answerApplication(ins, pending, answer);
                acceptor.replenish(socket);
            }
            case BIND -> {
                translate(ins, pending, answer);
                if (answer.error == 0 && !socket.closing) {
                    socket.localPort = Addresses.port(answer.payload, 0, answer.payloadLength);
                    socket.region().setLocal(socket.slot, answer.payload, 0, Math.min(answer.payloadLength, Addresses.IN6_BYTES));
                }
                if (!socket.datagrams && socket.ins == ins) {
                    socket.setup().bound(answer.error, socket.localPort);
                }
                pass(pending, answer);
            }
            case CONNECT -> {
                translate(ins, pending, answer);
                if (pending.dissolves) {
                    dissolved(socket, answer.error);
                } else {
                    connect(socket, answer);
                }
                pass(pending, answer);
            }
            default -> {
                if (pending.progress) {
                    translate(ins, pending, answer);
                    sweep.progress(pending, answer);
                } else {
                    answerApplication(ins, pending, answer);
                }
            }
        }
    }

    private void opened(InsLink ins, RelayedSocket socket, boolean opened) {
        if (!opened) {
            // The application closes its descriptor; the slot is freed then, as one that was never used.
            forgetSocket(ins, socket);
        } else if (socket.closing) {
            endings.close(socket, false);
        } else {
            if (socket.datagrams) {
                socket.openDatagrams(services, ledger);
            } else {
                socket.phase = Phase.OPEN;
            }
            socket.region().setKind(socket.slot, socket.domain, socket.type, socket.protocol);
            socket.region().opened(socket.slot);
        }
    }

    private void forgetSocket(InsLink ins, RelayedSocket socket) {
        ins.sockets[socket.insSlot] = null;
        ins.region.freeSlot(socket.insSlot);
        if (socket.closing && socket.slot >= 0) {
            socket.region().freeSlot(socket.slot);
        }
        if (socket.slot >= 0) {
            socket.application.sockets[socket.slot] = null;
        }
        ledger.ended(socket);
    }

    private void connect(RelayedSocket socket, Answer answer) {
        socket.connectSent = false;
        if (socket.datagrams) {
            ledger.associated(socket, answer.error);
            return;
        }
        if (socket.closing || socket.phase != Phase.OPEN) {
            return;
        }
        switch (answer.error) {
            case 0 -> {
                ledger.connected(socket);
                bytes.letIn(socket.application.own.asks(socket));
            }
            case Errno.EINPROGRESS -> {
                socket.phase = Phase.CONNECTING;
                ledger.named(socket);
                bytes.letIn(socket.application.own.asks(socket));
                socket.region().connecting(socket.slot);
                // The INS may have finished it already, and its news been taken before this answer.
                bytes.newsFromIns(socket.ins, socket.insSlot);
            }
            default -> {
                ledger.notConnected(socket);
                socket.region().setPeer(socket.slot, answer.payload, 0, 0);
                socket.region().notConnected(socket.slot);
            }
        }
    }

    /** There is no connection any more: the socket may be connected anew. */
    private void dissolved(RelayedSocket socket, int error) {
        if (socket.closing || socket.phase != Phase.OPEN) {
            return;
        }
        if (error != 0) {
            endings.fail(socket, Errno.ECONNRESET); // nobody can say what is left of it
            return;
        }
        ledger.named(socket);
        socket.region().dissolved(socket.slot);
    }

    private void closed(InsLink ins, PendingCall close) {
        RelayedSocket socket = close.socket;
        if (socket == null) {
            ins.region.freeSlot(close.newSlot); // a connection that never had a row
            return;
        }
        ins.sockets[socket.insSlot] = null;
        ins.region.freeSlot(socket.insSlot);
        if (socket.posted == 0) {
            ledger.ended(socket);
        } else {
            socket.closeAnswered = true; // answers come in any order: the ACCEPTs' are still to be taken
        }
    }

    private void answerApplication(InsLink ins, PendingCall pending, Answer answer) {
        if (pending.applicationCell >= 0 || pending.trace != CallTrace.NONE) {
            translate(ins, pending, answer);
            pass(pending, answer);
        }
    }

    private void translate(InsLink ins, PendingCall pending, Answer answer) {
        CallTranslator translator = services.translator(ins.region.abi());
        if (translator != null) {
            translator.answer(pending.context, answer);
        }
    }

    private void pass(PendingCall pending, Answer answer) {
        trace.answer(pending.trace, answer.error, answer.result);
        if (pending.application != null && pending.applicationCell >= 0) {
            pending.application.region.answer(pending.applicationCell, pending.applicationCall, answer);
        }
    }
}
