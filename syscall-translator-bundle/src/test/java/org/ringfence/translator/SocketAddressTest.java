package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

class SocketAddressTest {
    private final CallTranslator linux = new LinuxTranslator();
    private final CallTranslator netbsd = new NetbsdTranslator();
    private final CallContext context = new CallContext();

    @Test
    void linuxAddressesGoOnAsTheyAre() {
        for (Operation operation : new Operation[] {Operation.BIND, Operation.CONNECT}) {
            for (byte[] address : new byte[][] {Calls.ipv4(), Calls.ipv6()}) {
                Call call = Calls.with(Calls.call(operation), address);
                assertEquals(0, linux.call(call, context));
                assertArrayEquals(address, Calls.used(call));
            }
        }
    }

    @Test
    void netbsdAddressesCarryLengthAndFamilyInABytesEach() {
        Call call = Calls.with(Calls.call(Operation.BIND), Calls.ipv4());
        assertEquals(0, netbsd.call(call, context));
        byte[] expected = Calls.ipv4();
        expected[0] = 16;
        expected[1] = 2;
        assertArrayEquals(expected, Calls.used(call));

        call = Calls.with(Calls.call(Operation.CONNECT), Calls.ipv6());
        assertEquals(0, netbsd.call(call, context));
        expected = Calls.ipv6();
        expected[0] = 28;
        expected[1] = 24;
        assertArrayEquals(expected, Calls.used(call));
    }

    @Test
    void anAddressComesBackAsItWent() {
        for (CallTranslator translator : new CallTranslator[] {linux, netbsd}) {
            for (byte[] address : new byte[][] {Calls.ipv4(), Calls.ipv6()}) {
                Call call = Calls.with(Calls.call(Operation.BIND), address);
                assertEquals(0, translator.call(call, context));
                Answer answer = Calls.answer(Calls.used(call));
                translator.answer(context, answer);
                assertEquals(0, answer.error);
                assertArrayEquals(address, Calls.used(answer));

                byte[] inside = new byte[40];
                System.arraycopy(call.payload, 0, inside, 8, call.payloadLength);
                assertEquals(address.length, translator.address(inside, 8, call.payloadLength));
                assertArrayEquals(address, Arrays.copyOfRange(inside, 8, 8 + address.length));
            }
        }
    }

    @Test
    void theLengthInsideANetbsdAddressIsNotBelieved() {
        byte[] address = Calls.ipv4();
        address[0] = (byte) 200;
        address[1] = 2;
        assertEquals(16, netbsd.address(address, 0, 16));
        assertArrayEquals(Calls.ipv4(), address);
    }

    @Test
    void whatIsNoAddressHasLengthZero() {
        for (CallTranslator translator : new CallTranslator[] {linux, netbsd}) {
            assertEquals(0, translator.address(new byte[28], 0, 28));
            assertEquals(0, translator.address(Calls.ipv4(), 0, 0));
            assertEquals(0, translator.address(Calls.ipv4(), 0, 15));
            assertEquals(0, translator.address(Calls.ipv4(), 0, -1));
            assertEquals(0, translator.address(Calls.ipv4(), 1, 16));
            assertEquals(0, translator.address(Calls.ipv4(), -1, 16));
            assertEquals(0, translator.address(Calls.ipv4(), 0, Integer.MAX_VALUE));
        }
        assertEquals(0, netbsd.address(Calls.ipv6(), 0, 28)); // Linux's layout
        Answer answer = Calls.answer(new byte[28]);
        netbsd.call(Calls.call(Operation.GETPEERNAME), context);
        netbsd.answer(context, answer);
        assertEquals(LinuxErrno.EIO, answer.error);
        assertEquals(0, answer.payloadLength);
    }

    @Test
    void shortAddressesAreInvalidAndOtherFamiliesNotSupported() {
        for (CallTranslator translator : new CallTranslator[] {linux, netbsd}) {
            for (Operation operation : new Operation[] {Operation.BIND, Operation.CONNECT}) {
                assertEquals(LinuxErrno.EINVAL, answerTo(translator, operation, new byte[0]));
                assertEquals(LinuxErrno.EINVAL, answerTo(translator, operation, new byte[1]));
                assertEquals(LinuxErrno.EINVAL, answerTo(translator, operation, Arrays.copyOf(Calls.ipv4(), 15)));
                assertEquals(LinuxErrno.EINVAL, answerTo(translator, operation, Arrays.copyOf(Calls.ipv6(), 24)));
                assertEquals(LinuxErrno.EINVAL, answerTo(translator, operation, Arrays.copyOf(Calls.ipv6(), 27)));
                for (int family : new int[] {1, 3, 16, 17, 24, 40, 0x0a0a, 0xffff}) {
                    byte[] address = Calls.ipv6();
                    LittleEndian.putShort(address, 0, family);
                    assertEquals(LinuxErrno.EAFNOSUPPORT, answerTo(translator, operation, address), "family " + family);
                }
            }
        }
    }

    @Test
    void lengthsLinuxTakesAreBroughtToTheExactOne() {
        Call call = Calls.with(Calls.call(Operation.BIND), Arrays.copyOf(Calls.ipv4(), 28));
        call.payload[9] = 77; // sin_zero
        assertEquals(0, netbsd.call(call, context)); // 28 for AF_INET: accepted by Linux, EINVAL by NetBSD
        assertEquals(16, call.payloadLength);
        assertEquals(0, call.payload[9]);

        call = Calls.with(Calls.call(Operation.CONNECT), Arrays.copyOf(Calls.ipv6(), 52));
        assertEquals(0, linux.call(call, context));
        assertArrayEquals(Calls.ipv6(), Calls.used(call));
    }

    @Test
    void connectWithoutFamilyDisconnectsAndBindWithoutFamilyIsIpv4Any() {
        Call call = Calls.with(Calls.call(Operation.CONNECT), new byte[2]);
        java.util.Arrays.fill(call.payload, 2, 52, (byte) 9);
        assertEquals(0, linux.call(call, context));
        assertArrayEquals(new byte[16], Calls.used(call));
        assertEquals(0, netbsd.call(Calls.with(call, new byte[16]), context));
        assertEquals(16, call.payload[0]);
        assertEquals(0, call.payload[1]);

        byte[] any = new byte[16];
        any[3] = 80;
        call = Calls.with(Calls.call(Operation.BIND), any);
        assertEquals(0, linux.call(call, context));
        assertEquals(2, call.payload[0]);
        any[4] = 10;
        assertEquals(LinuxErrno.EAFNOSUPPORT, answerTo(linux, Operation.BIND, any));
        assertEquals(LinuxErrno.EINVAL, answerTo(linux, Operation.BIND, new byte[2]));
    }

    private int answerTo(CallTranslator translator, Operation operation, byte[] address) {
        return translator.call(Calls.with(Calls.call(operation), address), context);
    }
}
