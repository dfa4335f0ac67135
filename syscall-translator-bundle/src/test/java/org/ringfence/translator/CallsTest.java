package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** SOCKET, LISTEN, SHUTDOWN, the names, and what is no call of an application. */
class CallsTest {
    private final CallTranslator linux = new LinuxTranslator();
    private final CallTranslator netbsd = new NetbsdTranslator();
    private final CallTranslator[] both = {linux, netbsd};
    private final CallContext context = new CallContext();

    @Test
    void tcpSocketsOfBothFamiliesPass() {
        for (int protocol : new int[] {0, 6}) {
            assertArrayEquals(new long[] {2, 1, protocol, 0, 0, 0}, passed(linux, Calls.call(Operation.SOCKET, 2, 1, protocol)));
            assertArrayEquals(new long[] {10, 1, protocol, 0, 0, 0}, passed(linux, Calls.call(Operation.SOCKET, 10, 1, protocol)));
            assertArrayEquals(new long[] {2, 1, protocol, 0, 0, 0}, passed(netbsd, Calls.call(Operation.SOCKET, 2, 1, protocol)));
            assertArrayEquals(new long[] {24, 1, protocol, 0, 0, 0}, passed(netbsd, Calls.call(Operation.SOCKET, 10, 1, protocol)));
        }
    }

    @Test
    void otherFamiliesTypesAndProtocolsAreRefusedAsInLinux() {
        for (CallTranslator translator : both) {
            for (int family : new int[] {-1, 0, 1, 16, 17, 24, 38, 40, 46, Integer.MAX_VALUE}) {
                assertEquals(LinuxErrno.EAFNOSUPPORT, translator.call(Calls.call(Operation.SOCKET, family, 1, 0), context));
            }
            for (int type : new int[] {0, 3, 4, 5, 6, 9, 10}) {
                assertEquals(LinuxErrno.ESOCKTNOSUPPORT, translator.call(Calls.call(Operation.SOCKET, 2, type, 0), context));
            }
            for (int type : new int[] {-1, 11, 15, 16, 0x801, 0x80001, 0x4001}) {
                assertEquals(LinuxErrno.EINVAL, translator.call(Calls.call(Operation.SOCKET, 2, type, 0), context));
            }
            for (int protocol : new int[] {-1, 263, 300, Integer.MIN_VALUE}) {
                assertEquals(LinuxErrno.EINVAL, translator.call(Calls.call(Operation.SOCKET, 2, 1, protocol), context));
            }
            for (int protocol : new int[] {1, 17, 132, 255, 262}) {
                assertEquals(LinuxErrno.EPROTONOSUPPORT, translator.call(Calls.call(Operation.SOCKET, 2, 1, protocol), context));
            }
            assertEquals(LinuxErrno.EPROTONOSUPPORT, translator.call(Calls.call(Operation.SOCKET, 2, 2, 6), context));
        }
    }

    @Test
    void whatTheStackHasIsAskedForByCursorAndToldInWholeEntries() {
        for (CallTranslator translator : both) {
            Call call = Calls.call(Operation.NETWORK, 7L << 32 | 4, 5, 6);
            call.payloadLength = 9;
            assertEquals(0, translator.call(call, context));
            assertArrayEquals(new long[] {7L << 32 | 4, 0, 0, 0, 0, 0}, call.arguments);
            assertEquals(0, call.payloadLength);
            Answer answer = new Answer().set(0, 7L << 32 | 8);
            answer.payloadLength = 3 * 96 + 5;
            translator.answer(context, answer);
            assertEquals(3 * 96, answer.payloadLength);
            assertEquals(7L << 32 | 8, answer.result);
        }
    }

    @Test
    void datagramSocketsPass() {
        for (CallTranslator translator : both) {
            assertEquals(0, translator.call(Calls.call(Operation.SOCKET, 2, 2, 17), context));
            assertEquals(0, translator.call(Calls.call(Operation.SOCKET, 10, 2, 0), context));
        }
        assertEquals(0, linux.call(Calls.call(Operation.SOCKET, 2, 2, 136), context));
        assertEquals(LinuxErrno.EPROTONOSUPPORT, netbsd.call(Calls.call(Operation.SOCKET, 2, 2, 136), context));
    }

    @Test
    void aBacklogIsCutToTheLimitOfTheStack() {
        assertEquals(511, passed(linux, Calls.call(Operation.LISTEN, 511))[0]);
        assertEquals(0, passed(linux, Calls.call(Operation.LISTEN, 0))[0]);
        assertEquals(4096, passed(linux, Calls.call(Operation.LISTEN, 65535))[0]);
        assertEquals(4096, passed(linux, Calls.call(Operation.LISTEN, -1))[0]);
        assertEquals(5, passed(netbsd, Calls.call(Operation.LISTEN, 5))[0]);
        assertEquals(128, passed(netbsd, Calls.call(Operation.LISTEN, 511))[0]);
    }

    @Test
    void shutdownTakesThreeWaysAndKeepsThePosition() {
        for (CallTranslator translator : both) {
            for (int how = 0; how <= 2; how++) {
                assertArrayEquals(new long[] {how, 1L << 40, 0, 0, 0, 0},
                        passed(translator, Calls.call(Operation.SHUTDOWN, how, 1L << 40)));
            }
            assertEquals(LinuxErrno.EINVAL, translator.call(Calls.call(Operation.SHUTDOWN, 3), context));
            assertEquals(LinuxErrno.EINVAL, translator.call(Calls.call(Operation.SHUTDOWN, -1), context));
        }
    }

    @Test
    void argumentsAndPayloadThatMeanNothingDoNotPass() {
        for (CallTranslator translator : both) {
            Call call = Calls.with(Calls.call(Operation.GETSOCKNAME, 1, 2, 3, 4, 5, 6), new byte[52]);
            assertArrayEquals(new long[6], passed(translator, call));
            assertEquals(0, call.payloadLength);
            call = Calls.with(Calls.call(Operation.LISTEN, 7, 2, 3, 4, 5, 6), new byte[52]);
            assertArrayEquals(new long[] {7, 0, 0, 0, 0, 0}, passed(translator, call));
            assertEquals(0, call.payloadLength);
            // the kernel sees an int, and so does the INS
            assertEquals(2, passed(translator, Calls.call(Operation.SOCKET, 0x7_0000_0002L, 1, 0))[0]);
        }
    }

    @Test
    void whatIsNoCallOfAnApplicationDoesNotExist() {
        for (CallTranslator translator : both) {
            assertEquals(LinuxErrno.ENOSYS, translator.call(Calls.call(Operation.ACCEPT, 3, 1), context));
            assertEquals(LinuxErrno.ENOSYS, translator.call(Calls.call(Operation.CLOSE, 0, 1), context));
            Call call = Calls.call(Operation.SOCKET);
            for (int operation : new int[] {0, -1, 13, 65535, Integer.MIN_VALUE}) {
                call.operation = operation;
                assertEquals(LinuxErrno.ENOSYS, translator.call(call, context));
            }
        }
    }

    @Test
    void anImpossiblePayloadLengthIsRefused() {
        for (CallTranslator translator : both) {
            for (int length : new int[] {-1, 53, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                Call call = Calls.call(Operation.BIND);
                call.payloadLength = length;
                assertEquals(LinuxErrno.EMSGSIZE, translator.call(call, context));
            }
        }
    }

    @Test
    void anAnswerHasNoPayloadTheCallDidNotAskFor() {
        for (CallTranslator translator : both) {
            for (Operation operation : new Operation[] {Operation.SOCKET, Operation.LISTEN, Operation.SHUTDOWN}) {
                assertEquals(0, translator.call(Calls.call(operation, 2, 1, 0), context));
                Answer answer = Calls.answer(new byte[100]);
                translator.answer(context, answer);
                assertEquals(0, answer.error);
                assertEquals(0, answer.payloadLength, operation.name());
            }
            Answer failed = Calls.answer(new byte[16]);
            failed.error = 22;
            translator.answer(context, failed);
            assertEquals(LinuxErrno.EINVAL, failed.error);
            assertEquals(0, failed.payloadLength);
        }
    }

    @Test
    void anAnswerToTheGatewaysOwnCallKeepsItsPayload() {
        context.operation = Operation.ACCEPT.number();
        for (CallTranslator translator : both) {
            Answer answer = Calls.answer(new byte[64]);
            translator.answer(context, answer);
            assertEquals(64, answer.payloadLength);
        }
    }

    private long[] passed(CallTranslator translator, Call call) {
        assertEquals(0, translator.call(call, context));
        assertEquals(translator.contextVersion(), context.version);
        return call.arguments;
    }
}
