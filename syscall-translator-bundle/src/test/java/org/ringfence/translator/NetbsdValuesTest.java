package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** Option values where Linux and NetBSD differ, as observed on both. */
class NetbsdValuesTest {
    private static final int SOCKET = 1;
    private static final int TCP = 6;
    private static final int IP = 0;

    private final AbiTable abi = new AbiTable();
    private final CallTranslator netbsd = new NetbsdTranslator();
    private final CallContext context = new CallContext();

    @Test
    void aFlagReadsAsOneThoughNetbsdReadsItAsItsBit() {
        assertEquals(1, get(TCP, so("tcp", "TCP_NODELAY"), Calls.ints(4)));
        assertEquals(0, get(TCP, so("tcp", "TCP_NODELAY"), Calls.ints(0)));
        assertEquals(1, get(SOCKET, so("so", "SO_KEEPALIVE"), Calls.ints(8)));
        assertEquals(1, get(SOCKET, so("so", "SO_ACCEPTCONN"), Calls.ints(2)));
    }

    @Test
    void aBufferReadsAsTwiceWhatWasSet() {
        assertEquals(100_000, LittleEndian.getInt(set(SOCKET, so("so", "SO_SNDBUF"), Calls.ints(100_000)), 0));
        assertEquals(200_000, get(SOCKET, so("so", "SO_SNDBUF"), Calls.ints(100_000)));
        assertEquals(Integer.MAX_VALUE, get(SOCKET, so("so", "SO_RCVBUF"), Calls.ints(Integer.MAX_VALUE)));
        assertEquals(0, get(SOCKET, so("so", "SO_RCVBUF"), Calls.ints(-1)));
    }

    @Test
    void aBufferSizeNetbsdWouldRefuseIsCutAsLinuxCutsIt() {
        // 262144 and 1048576 are ENOBUFS there, 0 is EINVAL
        assertEquals(196_608, LittleEndian.getInt(set(SOCKET, so("so", "SO_RCVBUF"), Calls.ints(1_048_576)), 0));
        assertEquals(196_608, LittleEndian.getInt(set(SOCKET, so("so", "SO_RCVBUF"), Calls.ints(262_144)), 0));
        assertEquals(196_608, LittleEndian.getInt(set(SOCKET, so("so", "SO_SNDBUF"), Calls.ints(-1)), 0));
        assertEquals(2304, LittleEndian.getInt(set(SOCKET, so("so", "SO_SNDBUF"), Calls.ints(0)), 0));
        assertEquals(1152, LittleEndian.getInt(set(SOCKET, so("so", "SO_RCVBUF"), Calls.ints(0)), 0));
    }

    @Test
    void lingerKeepsItsSecondsWithinSixteenBits() {
        int linger = so("so", "SO_LINGER");
        assertArrayEquals(Calls.ints(1, 5), set(SOCKET, linger, Calls.ints(1, 5)));
        assertArrayEquals(Calls.ints(1, 65535), set(SOCKET, linger, Calls.ints(1, 1_000_000)));
        assertArrayEquals(Calls.ints(1, 65535), set(SOCKET, linger, Calls.ints(1, -1)));
        assertArrayEquals(Calls.ints(1, 5), answered(SOCKET, linger, Calls.ints(0x80, 5), 8));
        assertArrayEquals(Calls.ints(0, 0), answered(SOCKET, linger, Calls.ints(0, 0), 8));
    }

    @Test
    void aTimeHasFourBytesOfMicrosecondsAndFourThatMeanNothing() {
        int timeout = so("so", "SO_RCVTIMEO");
        assertArrayEquals(Calls.longs(3, 250_000), set(SOCKET, timeout, Calls.longs(3, 250_000)));
        assertArrayEquals(Calls.longs(21_474_835, 0), set(SOCKET, timeout, Calls.longs(Long.MAX_VALUE, 0)));
        assertArrayEquals(Calls.longs(0, 1), set(SOCKET, timeout, Calls.longs(-1, 1)));
        byte[] there = Calls.longs(3, 250_000);
        java.util.Arrays.fill(there, 12, 16, (byte) 0x5a);
        assertArrayEquals(Calls.longs(3, 250_000), answered(SOCKET, timeout, there, 16));
    }

    @Test
    void aTtlOfMinusOneIsTheDefault() {
        assertArrayEquals(Calls.ints(64), set(IP, so("ip", "IP_TTL"), Calls.ints(-1)));
        assertArrayEquals(Calls.ints(17), set(IP, so("ip", "IP_TTL"), new byte[] {17}));
    }

    @Test
    void aSocketErrorIsTranslatedToo() {
        int error = so("so", "SO_ERROR");
        assertEquals(abi.linux("errno", "ECONNREFUSED"), get(SOCKET, error, Calls.ints(61)));
        assertEquals(abi.linux("errno", "ECONNRESET"), get(SOCKET, error, Calls.ints(54)));
        assertEquals(0, get(SOCKET, error, Calls.ints(0)));
        assertEquals(LinuxErrno.EIO, get(SOCKET, error, Calls.ints(4711)));
    }

    @Test
    void keepAliveTimesGoOutUnderTheirNumbersAndUnreadableOnesSaySo() {
        Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, TCP, so("tcp", "TCP_KEEPIDLE")), Calls.ints(30));
        assertEquals(0, netbsd.call(call, context));
        assertEquals(abi.netbsd("tcp", "TCP_KEEPIDLE"), call.arguments[1]);
        netbsd.call(Calls.call(Operation.GETSOCKOPT, TCP, so("tcp", "TCP_KEEPIDLE"), 4), context);
        Answer answer = new Answer().set(42, 0);
        netbsd.answer(context, answer);
        assertEquals(LinuxErrno.ENOPROTOOPT, answer.error);
    }

    @Test
    void advisoryOptionsWithoutCounterpartSucceedAndReadAsTheirDefault() {
        byte[] type = Calls.ints(1);
        assertEquals(0, get(TCP, so("tcp", "TCP_CORK"), type));
        assertEquals(1, get(TCP, so("tcp", "TCP_QUICKACK"), type));
        assertEquals(-1, get(SOCKET, so("so", "SO_MAX_PACING_RATE"), type));
        Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, TCP, so("tcp", "TCP_CORK")), Calls.ints(1));
        assertEquals(0, netbsd.call(call, context));
        Answer answer = Calls.answer(type);
        netbsd.answer(context, answer);
        assertEquals(0, answer.error);
        assertEquals(0, answer.payloadLength);
        answer.error = 9; // the socket is gone
        netbsd.answer(context, answer);
        assertEquals(9, answer.error);
    }

    @Test
    void advisoryOptionsOfTcpAreUnknownToDatagrams() {
        for (Operation operation : new Operation[] {Operation.SETSOCKOPT, Operation.GETSOCKOPT}) {
            Call call = Calls.with(Calls.call(operation, TCP, so("tcp", "TCP_CORK"), 4), Calls.ints(1));
            assertEquals(0, netbsd.call(call, context));
            Answer answer = Calls.answer(Calls.ints(2)); // SOCK_DGRAM
            netbsd.answer(context, answer);
            assertEquals(LinuxErrno.ENOPROTOOPT, answer.error);
            assertEquals(0, answer.payloadLength);
        }
    }

    @Test
    void aSmallNumberOfLevelIpIsOneByteWhereThereIsNoRoomForAnInt() {
        byte[] ttl = Calls.ints(64);
        assertArrayEquals(new byte[] {64}, answered(IP, so("ip", "IP_TTL"), ttl, 3));
        assertArrayEquals(new byte[] {64}, answered(IP, so("ip", "IP_TTL"), ttl, 1));
        assertArrayEquals(ttl, answered(IP, so("ip", "IP_TTL"), ttl, 4));
        assertArrayEquals(new byte[0], answered(IP, so("ip", "IP_TTL"), ttl, 0));
        assertArrayEquals(new byte[] {44, 1}, answered(IP, so("ip", "IP_TTL"), Calls.ints(300), 2));
        assertArrayEquals(new byte[] {127, 0}, answered(IP, so("ip", "IP_MULTICAST_IF"), Calls.ints(127), 2));
        assertArrayEquals(new byte[] {1, 0}, answered(SOCKET, so("so", "SO_REUSEADDR"), Calls.ints(4), 2));
    }

    @Test
    void aMulticastInterfaceByIndexIsAnAddressOfNetworkZeroThere() {
        int group = 0x010000e0;
        int loopback = 0x0100007f;
        assertArrayEquals(Calls.ints(group, loopback), set(IP, so("ip", "IP_ADD_MEMBERSHIP"), Calls.ints(group, loopback)));
        assertArrayEquals(Calls.ints(group, 0x05000000),
                set(IP, so("ip", "IP_DROP_MEMBERSHIP"), Calls.ints(group, loopback, 5)));
        assertArrayEquals(Calls.ints(group, loopback), set(IP, so("ip", "IP_ADD_MEMBERSHIP"), Calls.ints(group, loopback, 0)));
        assertArrayEquals(Calls.ints(loopback), set(IP, so("ip", "IP_MULTICAST_IF"), Calls.ints(loopback)));
        assertArrayEquals(Calls.ints(loopback), set(IP, so("ip", "IP_MULTICAST_IF"), Calls.ints(0, loopback)));
        assertArrayEquals(Calls.ints(0x02000000), set(IP, so("ip", "IP_MULTICAST_IF"), Calls.ints(0, 0, 2)));
    }

    @Test
    void ancillaryDataIsAskedForUnderItsOtherNames() {
        assertEquals(26, there(IP, so("ip", "IP_PKTINFO")));
        assertEquals(23, there(IP, so("ip", "IP_RECVTTL")));
        assertEquals(0x2000, there(SOCKET, so("so", "SO_TIMESTAMP")));
        assertEquals(0x2000, there(SOCKET, so("so", "SO_TIMESTAMPNS")));
        assertEquals(36, there(41, so("ipv6", "IPV6_RECVPKTINFO")));
    }

    private long there(int level, int name) {
        Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, level, name), Calls.ints(1));
        assertEquals(0, netbsd.call(call, context));
        return call.arguments[1];
    }

    @Test
    void domainAndProtocolAreFoundInAddressAndType() {
        assertEquals(6, get(SOCKET, so("so", "SO_PROTOCOL"), Calls.ints(1)));
        byte[] address = Calls.ipv6();
        address[0] = 28;
        address[1] = 24;
        assertEquals(10, get(SOCKET, so("so", "SO_DOMAIN"), address));
        address = new byte[16];
        address[1] = 2;
        assertEquals(2, get(SOCKET, so("so", "SO_DOMAIN"), address));
    }

    @Test
    void tcpInfoIsBroughtIntoLinuxsLayout() {
        byte[] info = new byte[236];
        info[0] = 4; // ESTABLISHED
        info[5] = 0x1f;
        LittleEndian.putInt(info, 16, 1460);
        LittleEndian.putInt(info, 68, 12_345);
        LittleEndian.putInt(info, 76, 14_600);
        LittleEndian.putInt(info, 80, 29_200);
        LittleEndian.putInt(info, 100, 65_535);
        LittleEndian.putInt(info, 108, 0x1234_5678); // the next sequence number
        LittleEndian.putInt(info, 120, 3);
        LittleEndian.putInt(info, 124, 5);
        byte[] linux = answered(TCP, so("tcp", "TCP_INFO"), info, 384);
        assertEquals(232, linux.length);
        assertEquals(1, linux[0]);
        assertEquals(0xf, linux[5]);
        assertEquals(12_345, LittleEndian.getInt(linux, 68));
        assertEquals(10, LittleEndian.getInt(linux, 76));
        assertEquals(20, LittleEndian.getInt(linux, 80));
        assertEquals(3, LittleEndian.getInt(linux, 100));
        assertEquals(0, LittleEndian.getLong(linux, 120), "bytes acknowledged are not counted there");
        assertEquals(0, LittleEndian.getLong(linux, 136), "nor are segments");
        assertEquals(5, LittleEndian.getInt(linux, 224));
        assertEquals(65_535, LittleEndian.getInt(linux, 228));
        assertEquals(20, answered(TCP, so("tcp", "TCP_INFO"), info, 20).length);

        info[0] = (byte) 200;
        LittleEndian.putInt(info, 16, 0);
        assertEquals(7, answered(TCP, so("tcp", "TCP_INFO"), info, 384)[0]);
    }

    @Test
    void aCongestionControlIsNamedWithItsTerminator() {
        byte[] sent = set(TCP, so("tcp", "TCP_CONGESTION"), "cubic".getBytes());
        assertArrayEquals(new byte[] {'c', 'u', 'b', 'i', 'c', 0}, sent);
        sent = set(TCP, so("tcp", "TCP_CONGESTION"), "abcdefghijklmnopqrst".getBytes());
        assertEquals(16, sent.length);
        assertEquals(0, sent[15]);
    }

    @Test
    void aValueThatIsTooShortIsAnError() {
        for (int option : new int[] {so("so", "SO_LINGER"), so("so", "SO_RCVTIMEO"), so("so", "SO_ERROR"),
            so("so", "SO_DOMAIN")}) {
            assertEquals(0, netbsd.call(Calls.call(Operation.GETSOCKOPT, SOCKET, option, 100), context));
            Answer answer = Calls.answer((byte) 1, (byte) 2);
            netbsd.answer(context, answer);
            assertEquals(LinuxErrno.EIO, answer.error);
            assertEquals(0, answer.payloadLength);
        }
        assertEquals(0, netbsd.call(Calls.call(Operation.GETSOCKOPT, TCP, so("tcp", "TCP_INFO"), 384), context));
        Answer answer = Calls.answer(new byte[104]);
        netbsd.answer(context, answer);
        assertEquals(LinuxErrno.EIO, answer.error);
    }

    private int so(String group, String name) {
        return abi.linux(group, name);
    }

    private byte[] set(int level, int name, byte[] value) {
        Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, level, name), value);
        assertEquals(0, netbsd.call(call, context));
        return Calls.used(call);
    }

    private int get(int level, int name, byte[] there) {
        byte[] value = answered(level, name, there, 4);
        assertEquals(4, value.length);
        return LittleEndian.getInt(value, 0);
    }

    private byte[] answered(int level, int name, byte[] there, int size) {
        assertEquals(0, netbsd.call(Calls.call(Operation.GETSOCKOPT, level, name, size), context));
        Answer answer = Calls.answer(there);
        netbsd.answer(context, answer);
        assertEquals(0, answer.error);
        return Calls.used(answer);
    }
}
