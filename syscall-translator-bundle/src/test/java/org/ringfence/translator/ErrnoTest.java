package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;

/** Every number an INS can put into an answer's errno becomes an errno of Linux. */
class ErrnoTest {
    private final AbiTable abi = new AbiTable();
    private final CallTranslator linux = new LinuxTranslator();
    private final CallTranslator netbsd = new NetbsdTranslator();

    @Test
    void everyRowOfTheTableIsFollowed() {
        int checked = 0;
        for (AbiTable.Row row : abi.rows("errno")) {
            if (row.linux() != null) {
                assertEquals(row.linux(), linux.error(row.linux()), row.name());
                checked++;
            }
            if (row.netbsd() != null && row.linux() != null) {
                assertEquals(row.linux(), netbsd.error(row.netbsd()), row.name());
                checked++;
            }
        }
        assertEquals(true, checked > 200);
    }

    @Test
    void whatLinuxHasNotIsEio() {
        for (String name : new String[] {"EPROCLIM", "EBADRPC", "EFTYPE", "EAUTH", "ENEEDAUTH", "ENOATTR"}) {
            assertEquals(LinuxErrno.EIO, netbsd.error(abi.netbsd("errno", name)), name);
        }
    }

    @Test
    void everyOtherNumberIsEioAndSuccessIsSuccess() {
        for (CallTranslator translator : new CallTranslator[] {linux, netbsd}) {
            assertEquals(0, translator.error(0));
            for (int error : new int[] {-1, -2, -4, 97, 134, 512, 999_999, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
                if (translator == linux && error == 97) {
                    continue; // EAFNOSUPPORT
                }
                assertEquals(LinuxErrno.EIO, translator.error(error), translator + ": " + error);
            }
        }
        assertEquals(LinuxErrno.EIO, linux.error(41)); // a gap in Linux's numbers
    }

    @Test
    void aCallTheRumpKernelWantsRestartedWasInterrupted() {
        assertEquals(LinuxErrno.EINTR, netbsd.error(-3));
    }

    @Test
    void errorsThatProgramsLookForArriveUnderTheirNames() {
        CallContext context = new CallContext();
        netbsd.call(Calls.with(Calls.call(org.ringfence.api.call.Operation.CONNECT), Calls.ipv4()), context);
        for (String name : new String[] {"EINPROGRESS", "EALREADY", "EISCONN", "ECONNREFUSED", "ETIMEDOUT", "EADDRINUSE",
            "EADDRNOTAVAIL", "ENETUNREACH", "EHOSTUNREACH", "EAGAIN", "ECONNRESET", "ENOTCONN", "ENOBUFS"}) {
            Answer answer = new Answer().set(abi.netbsd("errno", name), 0);
            netbsd.answer(context, answer);
            assertEquals(abi.linux("errno", name), answer.error, name);
        }
    }
}
