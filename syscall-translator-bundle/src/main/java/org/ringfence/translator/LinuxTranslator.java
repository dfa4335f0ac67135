package org.ringfence.translator;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;

/** For a network stack that speaks the application's own ABI: calls are checked and go on with the same numbers. */
@Component(property = CallTranslator.ABI + "=linux")
public final class LinuxTranslator implements CallTranslator {

    private final ApplicationAbi application;
    /** True at each errno of Linux. */
    private final boolean[] errors;

    @Activate
    public LinuxTranslator() {
        AbiTable abi = new AbiTable();
        application = new ApplicationAbi(new OptionTable(abi), abi.linux("level", "SOMAXCONN"));
        int highest = 0;
        for (AbiTable.Row row : abi.rows("errno")) {
            highest = row.linux() == null ? highest : Math.max(highest, row.linux());
        }
        errors = new boolean[highest + 1];
        for (AbiTable.Row row : abi.rows("errno")) {
            if (row.linux() != null) {
                errors[row.linux()] = true;
            }
        }
    }

    @Override
    public int contextVersion() {
        return ContextForm.VERSION;
    }

    @Override
    public int call(Call call, CallContext context) {
        return application.check(call, context);
    }

    @Override
    public void answer(CallContext context, Answer answer) {
        answer.error = error(answer.error);
        ApplicationAbi.limit(context, answer);
    }

    @Override
    public int address(byte[] address, int offset, int length) {
        return SocketAddress.length(address, offset, length);
    }

    @Override
    public int addressToIns(byte[] address, int offset, int length) {
        return SocketAddress.length(address, offset, length);
    }

    /** The same errno; EIO for what is none. */
    @Override
    public int error(int error) {
        if (error == 0) {
            return 0;
        }
        return error > 0 && error < errors.length && errors[error] ? error : LinuxErrno.EIO;
    }
}
