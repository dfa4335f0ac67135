package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;

/** What is remembered of how a listener was made. */
class SetupTest {
    private static final byte[] ONE = {1, 0, 0, 0};
    private static final byte[] TWO = {2, 0, 0, 0};

    private final IdlePeers peers = new IdlePeers();
    private final RelayedSocket socket = peers.opening();
    private final Setup setup = new Setup();
    private final Call call = new Call();

    private static byte[] address(int port) {
        return new byte[] {2, 0, (byte) (port >> 8), (byte) port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    }

    private void sets(int name, byte[] value) {
        setup.sets(1, name, value, value.length);
    }

    private void binds(int port, int error, int answered) {
        setup.binds(0, address(port), Addresses.IN_BYTES);
        setup.bound(error, answered);
    }

    /** The calls, as "name=value" for options. */
    private List<String> calls() {
        List<String> calls = new ArrayList<>();
        for (int i = 0; ; i++) {
            Operation operation = setup.call(i, call, socket);
            calls.add(operation == Operation.SETSOCKOPT ? call.arguments[1] + "=" + call.payload[0] : operation.name());
            if (operation == Operation.LISTEN) {
                return calls;
            }
        }
    }

    /** The address of its BIND, which {@link #call} is then. */
    private byte[] bound() {
        int number = calls().indexOf("BIND");
        setup.call(number, call, socket);
        return Arrays.copyOf(call.payload, call.payloadLength);
    }

    @Test
    void optionsAreSetInTheirOrderAndOnTheSameSideOfBind() {
        sets(2, ONE);
        sets(9, ONE);
        binds(80, 0, 80);
        sets(2, TWO);
        sets(7, TWO);
        assertEquals(List.of("2=1", "9=1", "BIND", "2=2", "7=2", "LISTEN"), calls());
    }

    @Test
    void theLastValueOfAnOptionCounts() {
        sets(2, ONE);
        sets(9, ONE);
        sets(2, new byte[] {5, 0, 0, 0, 0, 0, 0, 0});
        sets(9, TWO);
        assertEquals(List.of("2=5", "9=2", "BIND", "LISTEN"), calls());
    }

    @Test
    void nothingOfAnInssAnswerIsRememberedButAPortThatWasLeftToIt() {
        binds(0, 0, 4711);
        assertArrayEquals(address(4711), bound());
        setup.clear();
        binds(80, 0, 22);
        assertArrayEquals(address(80), bound());
    }

    @Test
    void aPortThatWasLeftToAnInsIsNoLowOneAtTheNext() {
        binds(0, 0, 22);
        bound();
        assertEquals(1, call.arguments[0]);
        setup.clear();
        binds(22, 0, 22);
        bound();
        assertEquals(0, call.arguments[0]);
    }

    @Test
    void anAddressThatWasRefusedIsNone() {
        binds(80, 98, 0);
        binds(81, 0, 81);
        binds(82, 22, 0); // it is bound
        assertArrayEquals(address(81), bound());
    }

    @Test
    void whoNeverBoundHasNoRightToLowPorts() {
        socket.localPort = 22;
        bound();
        assertEquals(1, call.arguments[0]);
    }

    @Test
    void optionsWithoutNumberTakeNoMoreThanTheirBytes() {
        for (int i = 0; i < 1000; i++) {
            sets(i, ONE);
        }
        int remembered = calls().size() - 2;
        assertTrue(remembered > 20 && remembered < 30, remembered + " options");
    }
}
