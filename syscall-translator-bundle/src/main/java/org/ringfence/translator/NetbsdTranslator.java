package org.ringfence.translator;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** For a network stack that speaks the ABI of NetBSD amd64, such as a rump kernel. */
@Component(property = CallTranslator.ABI + "=netbsd")
public final class NetbsdTranslator implements CallTranslator {
    /** What the in-process rump call returns when it wants to be called again (negative: not an errno of NetBSD). */
    private static final int IPPROTO_UDPLITE = 136;
    private static final int ERESTART = -3;

    private final ApplicationAbi application;
    private final OptionTable options;
    private final NetbsdOptions netbsd;
    /** Linux errno by errno of NetBSD. */
    private final int[] errors;

    @Activate
    public NetbsdTranslator() {
        AbiTable abi = new AbiTable();
        options = new OptionTable(abi);
        application = new ApplicationAbi(options, abi.netbsd("level", "SOMAXCONN"));
        netbsd = new NetbsdOptions(abi);
        errors = errors(abi);
    }

    private static int[] errors(AbiTable abi) {
        int highest = 0;
        for (AbiTable.Row row : abi.rows("errno")) {
            highest = row.netbsd() == null ? highest : Math.max(highest, row.netbsd());
        }
        int[] errors = new int[highest + 1];
        java.util.Arrays.fill(errors, LinuxErrno.EIO);
        errors[0] = 0;
        for (AbiTable.Row row : abi.rows("errno")) {
            if (row.linux() != null && row.netbsd() != null) {
                errors[row.netbsd()] = row.linux();
            }
        }
        return errors;
    }

    @Override
    public int contextVersion() {
        return ContextForm.VERSION;
    }

    @Override
    public int call(Call call, CallContext context) {
        int error = application.check(call, context);
        if (error != 0) {
            return error;
        }
        switch (Operation.of(call.operation)) {
            case SOCKET -> {
                // types and protocols of the internet have the same numbers; NetBSD has no UDP-Lite
                if (call.arguments[2] == IPPROTO_UDPLITE) {
                    return LinuxErrno.EPROTONOSUPPORT;
                }
                if (call.arguments[0] == SocketAddress.LINUX_AF_INET6) {
                    call.arguments[0] = SocketAddress.NETBSD_AF_INET6;
                }
            }
            case BIND, CONNECT -> SocketAddress.toNetbsd(call.payload, 0, call.payloadLength);
            case SETSOCKOPT, GETSOCKOPT -> {
                return netbsd.encode(call, context, options.find((int) call.arguments[0], (int) call.arguments[1]));
            }
            default -> {
                // LISTEN, SHUTDOWN and the names: the same numbers
            }
        }
        return 0;
    }

    @Override
    public void answer(CallContext context, Answer answer) {
        answer.error = error(answer.error);
        answer.payloadLength = Math.max(0, Math.min(answer.payloadLength, Answer.MAX_PAYLOAD));
        if (answer.error == 0 && ContextForm.understands(context)) {
            if (ContextForm.form(context) == ContextForm.ADDRESS) {
                answer.payloadLength = SocketAddress.fromNetbsd(answer.payload, 0, answer.payloadLength);
            } else if (context.operation == Operation.GETSOCKOPT.number()
                    || ContextForm.form(context) == ContextForm.STREAM_CONSTANT) {
                decode(context, answer);
            }
        }
        ApplicationAbi.limit(context, answer);
    }

    private void decode(CallContext context, Answer answer) {
        // SO_ERROR holds an errno: the one value that needs the table of errors
        if (ContextForm.form(context) == ContextForm.ERRNO && answer.payloadLength >= 4) {
            LittleEndian.putInt(answer.payload, 0, error(LittleEndian.getInt(answer.payload, 0)));
        }
        answer.error = NetbsdOptions.decode(context, answer);
    }

    @Override
    public int address(byte[] address, int offset, int length) {
        return SocketAddress.fromNetbsd(address, offset, length);
    }

    @Override
    public int addressToIns(byte[] address, int offset, int length) {
        int exact = SocketAddress.length(address, offset, length);
        if (exact != 0) {
            SocketAddress.toNetbsd(address, offset, exact);
        }
        return exact;
    }

    /** The Linux errno of the same name; EIO for what Linux has not, or for what is no errno. */
    @Override
    public int error(int error) {
        if (error >= 0 && error < errors.length) {
            return errors[error];
        }
        return error == ERESTART ? LinuxErrno.EINTR : LinuxErrno.EIO;
    }
}
