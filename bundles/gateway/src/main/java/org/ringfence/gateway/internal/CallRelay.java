package org.ringfence.gateway.internal;

import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;
import org.ringfence.api.policy.Verdict;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.RelayedSocket.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes an application's calls to an INS: checks them, has them translated, judged and sent on, and answers those that go no further.
 * Event loop's thread only.
 */
final class CallRelay {
    private static final Logger LOG = LoggerFactory.getLogger(CallRelay.class);
    private static final int SHUT_WR = 1;
    private static final int CONNECT_AWAITED = 1;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDBUF = 7;
    private static final int SO_SNDBUFFORCE = 32;
    private final TransportSession session;
    private final Services services;
    private final SocketTable table;
    private final Ledger ledger;
    private final ByteRelay bytes;
    private final CallTrace trace;
    private final InsChoice choice;
    private final Reopening reopening;
    private final PendingCall pending = new PendingCall();
    private final Answer answer = new Answer();
    private final byte[] address = new byte[Addresses.IN6_BYTES];
    /** The present call before a translator has rewritten it. */
    private final Call asMade = new Call();

    /** Which INS an application's new socket goes to. */
    interface InsChoice {
        /** Null if none is attached, or not the one it was started for. */
        InsLink choose(ApplicationLink application);
    }

    CallRelay(TransportSession session, Services services, SocketTable table, Ledger ledger, ByteRelay bytes, CallTrace trace,
            InsChoice choice, Reopening reopening) {
        this.session = session;
        this.services = services;
        this.table = table;
        this.ledger = ledger;
        this.bytes = bytes;
        this.trace = trace;
        this.choice = choice;
        this.reopening = reopening;
    }

    void call(ApplicationLink application, Call call) {
        application.calls++;
        pending.clear();
        pending.trace = trace.take(application.name, call);
        pending.application = application;
        pending.applicationCell = call.cell;
        pending.applicationCall = call.callNumber;
        int error = handle(application, call);
        if (error >= 0) {
            refuse(error);
        }
    }

    /** Nobody but the gateway answers this call. */
    private void refuse(int error) {
        trace.answer(pending.trace, error, 0);
        pending.application.region.answer(pending.applicationCell, pending.applicationCall, answer.set(error, error == 0 ? 0 : -1));
    }

    private static final int SENT = -1;

    /** {@link #SENT} if the call went on, else the errno it is to be answered with. */
    private int handle(ApplicationLink application, Call call) {
        if (!application.region.isOpen(call.slot, call.generation)) {
            return Errno.EBADF;
        }
        Operation operation = Operation.of(call.operation);
        if (operation == Operation.BIND || operation == Operation.LISTEN || operation == Operation.CONNECT) {
            // What the program closed before this call must be closed before it: else bind, close, bind gives EADDRINUSE.
            session.harvestCloses();
            RelayedSocket named = application.sockets[call.slot];
            if (named != null && named.closing) {
                return Errno.EBADF; // what is left of it is on its way, and goes when that is done
            }
        }
        if (operation == null) {
            return Errno.ENOSYS;
        }
        RelayedSocket socket = application.sockets[call.slot];
        if (socket != null && socket.phase == Phase.REOPENING) {
            return reopening.call(socket, operation, call);
        }
        InsLink ins = socket == null ? choice.choose(application) : socket.ins;
        if (ins == null) {
            return Errno.ENETDOWN;
        }
        if ((socket == null) != (operation == Operation.SOCKET)) {
            return Errno.EINVAL;
        }
        CallTranslator translator = services.translator(ins.region.abi());
        if (translator == null) {
            return Errno.ENETDOWN;
        }
        if (ins.isFull()) {
            return Errno.ENOBUFS;
        }
        if (socket != null && !application.region.isOpen(call.slot, call.generation)) {
            return Errno.EBADF; // closed by the harvest
        }
        if (operation == Operation.SOCKET) {
            application.region.claimed(call.slot);
            return open(application, ins, translator, call);
        }
        if (operation == Operation.LISTEN && !socket.datagrams && !Stake.of(socket).listens(application, ins)) {
            return tooMuch(application, application.listeners, "listeners", ins);
        }
        if (operation == Operation.SHUTDOWN && socket.phase == Phase.CONNECTED) {
            return shutdown(socket, call);
        }
        boolean isSetUp = !socket.datagrams && (socket.phase == Phase.OPEN || socket.phase == Phase.LISTENING);
        if (isSetUp && operation == Operation.BIND && socket.setup().isBinding()) {
            return Errno.EINVAL; // by another thread: which of two was first nobody could tell by their answers
        }
        if (isSetUp) {
            Calls.copy(call, asMade);
        }
        int sendBuffer = operation == Operation.SETSOCKOPT ? sendBuffer(call) : 0;
        int error = operation == Operation.CONNECT ? connect(socket, translator, call) : translator.call(call, pending.context);
        if (error == 0) {
            if (isSetUp) {
                remember(socket, operation);
            }
            if (operation == Operation.SHUTDOWN && socket.phase == Phase.LISTENING) {
                socket.inputShut |= asMade.arguments[0] != SHUT_WR; // which a listener takes no notice of
            }
            if (sendBuffer > 0) {
                socket.limitSending(sendBuffer);
            }
            call.slot = socket.insSlot;
            call.generation = ins.region.generation(socket.insSlot);
            pending.operation = operation;
            pending.isAbout(socket);
            ins.send(call, pending);
            return SENT;
        }
        if (operation == Operation.CONNECT && socket.phase == Phase.OPEN && !socket.datagrams && !pending.dissolves && !socket.connectSent) {
            socket.region().notConnected(socket.slot);
        }
        return error;
    }

    /** What {@link #asMade} makes of a socket is remembered, should it become a listener's. */
    private void remember(RelayedSocket socket, Operation operation) {
        switch (operation) {
            case SETSOCKOPT -> socket.setup().sets((int) asMade.arguments[0], (int) asMade.arguments[1], asMade.payload, asMade.payloadLength);
            case BIND -> socket.setup().binds(asMade.arguments[0], asMade.payload, asMade.payloadLength);
            case LISTEN -> socket.setup().listens(asMade.arguments[0]);
            default -> {
            }
        }
    }

    /** What a SETSOCKOPT of SO_SNDBUF asks for; 0 of another one. */
    private static int sendBuffer(Call call) {
        boolean is = call.arguments[0] == SOL_SOCKET && (call.arguments[1] == SO_SNDBUF || call.arguments[1] == SO_SNDBUFFORCE);
        return is && call.payloadLength >= Integer.BYTES ? Math.max(1, CallText.number(call.payload)) : 0;
    }

    private int open(ApplicationLink application, InsLink ins, CallTranslator translator, Call call) {
        int domain = (int) call.arguments[0];
        int type = (int) call.arguments[1];
        int protocol = (int) call.arguments[2];
        int error = translator.call(call, pending.context);
        if (error != 0) {
            return error;
        }
        if (!Stake.mayOpen(application, ins, table)) {
            return tooMuch(application, application.ownSockets, "sockets that it has opened itself", ins);
        }
        RelayedSocket socket = table.take();
        if (socket == null) {
            return Errno.ENOBUFS;
        }
        int insSlot = ins.region.openSlot((int) call.arguments[0], (int) call.arguments[1], (int) call.arguments[2]);
        if (insSlot < 0) {
            table.giveUnused(socket);
            return Errno.ENOBUFS;
        }
        socket.begin(application, call.slot, ins, insSlot, domain, type, protocol);
        Stake.of(socket).opens(application, ins, table);
        if (socket.datagrams && !(application.region.carryDatagrams(call.slot) && ins.region.carryDatagrams(insSlot))) {
            application.sockets[call.slot] = null;
            ins.sockets[insSlot] = null;
            ins.region.freeSlot(insSlot);
            ledger.ended(socket);
            return Errno.ENOBUFS;
        }
        call.slot = insSlot;
        call.generation = ins.region.generation(insSlot);
        pending.operation = Operation.SOCKET;
        pending.isAbout(socket);
        ins.send(call, pending);
        return SENT;
    }

    /** Said once: it may ask again and again. */
    private static int tooMuch(ApplicationLink application, int many, String what, InsLink ins) {
        if (!application.refusalSaid) {
            application.refusalSaid = true;
            LOG.warn("region {}: application '{}' has {} {} at INS '{}': more are refused with ENOBUFS, so that others have their share",
                    application.region.id(), application.name, many, what, ins.region.name());
        }
        return Errno.ENOBUFS;
    }

    private int shutdown(RelayedSocket socket, Call call) {
        long how = call.arguments[0];
        if (how < 0 || how > 2) {
            return Errno.EINVAL;
        }
        bytes.shutdown(socket, (int) how, call.arguments[1]);
        return 0;
    }

    /**
     * Translates a CONNECT and has it judged: 0 if it is to be sent on, else its errno. Every address that goes to an INS was judged; a
     * socket that is past connecting is answered here, so that no second address slips by under the first one's verdict.
     */
    private int connect(RelayedSocket socket, CallTranslator translator, Call call) {
        int most = Math.min(call.payloadLength, address.length);
        if (socket.connectSent) {
            return Errno.EALREADY; // it has not been answered: nobody knows yet what this one would be about
        }
        if (!socket.datagrams && Addresses.family(call.payload, 0, most) == Addresses.AF_UNSPEC) {
            int error = translator.call(call, pending.context);
            if (error == 0 && !bytes.dissolve(socket)) {
                return Errno.EOPNOTSUPP;
            }
            pending.dissolves = true;
            return error;
        }
        if (socket.phase != Phase.OPEN && !socket.datagrams) {
            return switch (socket.phase) {
                case CONNECTING -> Errno.EALREADY;
                case FAILED -> Errno.ECONNABORTED;
                default -> Errno.EISCONN;
            };
        }
        int length = Math.min(call.payloadLength, address.length);
        Addresses.anyIsLoopback(call.payload, length); // before it is judged: Linux would connect to the loopback
        System.arraycopy(call.payload, 0, address, 0, length);
        socket.connectAwaited = call.arguments[0] == CONNECT_AWAITED;
        int family = Addresses.family(address, 0, length);
        int error = translator.call(call, pending.context);
        if (error != 0) {
            return error;
        }
        if (socket.datagrams && family == Addresses.AF_UNSPEC) {
            return 0; // dissolves the association: nothing to judge
        }
        if (family != Addresses.AF_INET && family != Addresses.AF_INET6) {
            return Errno.EOPNOTSUPP;
        }
        if (socket.datagrams) {
            // the peer's name changes when the INS says so
            Verdict verdict = ledger.admitDatagrams(socket, false, address, length);
            trace.judged(pending.trace, verdict, socket.decidedBy);
            return verdict == Verdict.ALLOW ? 0 : Errno.ECONNREFUSED;
        }
        Verdict verdict = ledger.admit(socket, false, address, 0, length, socket.localPort);
        trace.judged(pending.trace, verdict, socket.decidedBy);
        if (verdict != Verdict.ALLOW) {
            ledger.refused(socket);
            socket.id = 0;
            return Errno.ECONNREFUSED;
        }
        socket.region().setPeer(socket.slot, address, 0, length);
        socket.connectSent = true;
        return 0;
    }
}
