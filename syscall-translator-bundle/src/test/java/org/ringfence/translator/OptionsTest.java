package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** Socket options in the application's ABI: every line of options.tsv in every ABI, and nothing else. */
class OptionsTest {
    private final AbiTable abi = new AbiTable();
    private final OptionTable options = new OptionTable(abi);
    private final CallTranslator linux = new LinuxTranslator();
    private final CallTranslator netbsd = new NetbsdTranslator();
    private final CallTranslator[] both = {linux, netbsd};
    private final CallContext context = new CallContext();

    /** A value of a kind as a program would give it. */
    static byte[] sample(ValueKind kind) {
        return switch (kind) {
            case LINGER -> Calls.ints(1, 5);
            case GROUP -> Calls.ints(0x010000e0, 0x0100007f);
            case GROUP6 -> Calls.ints(0x000002ff, 0, 0, 0x01000000, 1);
            case INTERFACE -> Calls.ints(0x0100007f);
            case TIMEVAL -> Calls.longs(3, 250_000);
            case NAME -> new byte[] {'r', 'e', 'n', 'o'};
            case PRIORITY, FLAG -> Calls.ints(1);
            default -> Calls.ints(64);
        };
    }

    @TestFactory
    java.util.stream.Stream<DynamicTest> everyLineOfTheTable() {
        assertTrue(options.all().size() > 80);
        return options.all().stream().map(option -> DynamicTest.dynamicTest(
                "level " + option.level() + " name " + option.name(), () -> follows(option)));
    }

    private void follows(SocketOption option) {
        Call set = Calls.call(Operation.SETSOCKOPT, option.level(), option.name());
        if (option.set() == null) {
            for (CallTranslator translator : both) {
                assertEquals(option.setError(), translator.call(Calls.with(set, Calls.ints(1)), context));
            }
        } else {
            byte[] value = sample(option.set());
            assertEquals(0, linux.call(Calls.with(set, value), context));
            assertArrayEquals(new long[] {option.level(), option.name(), 0, 0, 0, 0}, set.arguments);
            assertArrayEquals(value, Arrays.copyOf(set.payload, value.length));
            // as long as Linux wants it, and NetBSD, where an int has exactly 4 bytes
            assertEquals(option.set() == ValueKind.NAME ? value.length + 1 : value.length, set.payloadLength);

            int error = netbsd.call(set, context);
            assertEquals(option.way() == SocketOption.Way.NONE ? LinuxErrno.ENOPROTOOPT : 0, error);
            checkNetbsdCall(option, set, Operation.SETSOCKOPT);
        }

        Call get = Calls.call(Operation.GETSOCKOPT, option.level(), option.name(), 384);
        if (option.get() == null) {
            for (CallTranslator translator : both) {
                assertEquals(option.getError(), translator.call(get, context));
            }
        } else {
            assertEquals(0, linux.call(get, context));
            assertArrayEquals(new long[] {option.level(), option.name(), 384, 0, 0, 0}, get.arguments);
            int error = netbsd.call(get, context);
            assertEquals(option.way() == SocketOption.Way.NONE ? LinuxErrno.ENOPROTOOPT : 0, error);
            checkNetbsdCall(option, get, Operation.GETSOCKOPT);
        }
    }

    private void checkNetbsdCall(SocketOption option, Call call, Operation direct) {
        switch (option.way()) {
            case DIRECT -> {
                assertEquals(direct.number(), call.operation);
                assertEquals(option.netbsdLevel(), call.arguments[0]);
                assertEquals(option.netbsdName(), call.arguments[1]);
            }
            case CONSTANT, TYPE -> {
                assertEquals(Operation.GETSOCKOPT.number(), call.operation);
                assertArrayEquals(new long[] {0xffff, 0x1008, 4, 0, 0, 0}, call.arguments);
                assertEquals(0, call.payloadLength);
            }
            case ADDRESS -> assertEquals(Operation.GETSOCKNAME.number(), call.operation);
            case NONE -> { }
        }
    }

    @Test
    void optionsOfEveryDayHaveNetbsdsNumbers() {
        // level and name of Linux, level and name of NetBSD, from the headers
        for (int[] row : new int[][] {{1, 2, 0xffff, 0x4}, {1, 15, 0xffff, 0x200}, {1, 9, 0xffff, 0x8},
            {1, 13, 0xffff, 0x80}, {1, 7, 0xffff, 0x1001}, {1, 8, 0xffff, 0x1002}, {1, 20, 0xffff, 0x100c},
            {1, 21, 0xffff, 0x100b}, {6, 1, 6, 1}, {6, 4, 6, 3}, {6, 5, 6, 5}, {6, 6, 6, 6}, {6, 13, 6, 32},
            {0, 1, 0, 3}, {0, 2, 0, 4}, {0, 21, 0, 24}, {41, 26, 41, 27}, {41, 16, 41, 4}, {41, 67, 41, 61}}) {
            SocketOption option = options.find(row[0], row[1]);
            Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, row[0], row[1]), sample(option.set()));
            assertEquals(0, netbsd.call(call, context));
            assertEquals(row[2], call.arguments[0], option.toString());
            assertEquals(row[3], call.arguments[1], option.toString());
        }
    }

    @Test
    void everyOtherNumberOfEveryLevelIsUnknown() {
        int unknown = 0;
        int[] levels = new int[310];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = i - 5;
        }
        for (int level : levels) {
            for (int name = -3; name < 300; name++) {
                if (options.find(level, name) != null) {
                    continue;
                }
                unknown++;
                for (CallTranslator translator : both) {
                    assertEquals(LinuxErrno.ENOPROTOOPT, translator.call(
                            Calls.with(Calls.call(Operation.SETSOCKOPT, level, name), new byte[16]), context));
                    assertEquals(LinuxErrno.ENOPROTOOPT, translator.call(
                            Calls.call(Operation.GETSOCKOPT, level, name, 16), context));
                }
            }
        }
        assertEquals(310 * 303 - options.all().size(), unknown);
        assertNull(options.find(Integer.MAX_VALUE, 1));
        assertNull(options.find(Integer.MIN_VALUE, Integer.MIN_VALUE));
        assertNull(options.find(6, Integer.MAX_VALUE));
        // NetBSD's own numbers are none of the application's
        assertEquals(LinuxErrno.ENOPROTOOPT, netbsd.call(
                Calls.with(Calls.call(Operation.SETSOCKOPT, 0xffff, 4), Calls.ints(1)), context));
    }

    @Test
    void whatReachesAroundTheGatewayIsForbidden() {
        for (String[] name : new String[][] {{"so", "SO_BINDTODEVICE"}, {"so", "SO_MARK"}, {"so", "SO_ATTACH_FILTER"},
            {"so", "SO_ATTACH_BPF"}, {"so", "SO_ATTACH_REUSEPORT_EBPF"}, {"so", "SO_RCVBUFFORCE"},
            {"so", "SO_SNDBUFFORCE"}, {"so", "SO_LOCK_FILTER"}, {"tcp", "TCP_REPAIR"}, {"tcp", "TCP_MD5SIG"},
            {"ip", "IP_TRANSPARENT"}, {"ip", "IP_FREEBIND"}, {"ip", "IP_OPTIONS"}, {"ipv6", "IPV6_TRANSPARENT"},
            {"ipv6", "IPV6_RTHDR"}}) {
            int level = switch (name[0]) {
                case "so" -> 1;
                case "tcp" -> 6;
                case "ip" -> 0;
                default -> 41;
            };
            for (CallTranslator translator : both) {
                for (int length = 0; length <= Call.MAX_PAYLOAD; length++) {
                    Call call = Calls.call(Operation.SETSOCKOPT, level, abi.linux(name[0], name[1]));
                    assertEquals(LinuxErrno.EPERM, translator.call(Calls.with(call, new byte[length]), context), name[1]);
                }
            }
        }
        // offered to programs by their libraries: they go on without when there is no such thing
        assertEquals(LinuxErrno.ENOPROTOOPT, set("IPPROTO_TCP", "TCP_ULP", new byte[] {'t', 'l', 's'}));
        assertEquals(LinuxErrno.ENOPROTOOPT, set("IPPROTO_TCP", "TCP_FASTOPEN_CONNECT", Calls.ints(1)));
        assertEquals(LinuxErrno.ENOPROTOOPT, set("SOL_SOCKET", "SO_ZEROCOPY", Calls.ints(1)));
    }

    @Test
    void aValueIsAtLeastAsLongAsItsTypeAndIsCutToIt() {
        for (SocketOption option : options.all()) {
            if (option.set() == null) {
                continue;
            }
            for (CallTranslator translator : both) {
                if (translator == netbsd && option.way() == SocketOption.Way.NONE) {
                    continue;
                }
                Call call = Calls.call(Operation.SETSOCKOPT, option.level(), option.name());
                assertEquals(LinuxErrno.EINVAL, translator.call(call, context), option.toString());
                byte[] value = sample(option.set());
                boolean whole = option.set() != ValueKind.OCTET && option.set() != ValueKind.TTL
                        && option.set() != ValueKind.NAME;
                if (whole) {
                    call = Calls.call(Operation.SETSOCKOPT, option.level(), option.name());
                    Calls.with(call, Arrays.copyOf(value, value.length - 1));
                    assertEquals(LinuxErrno.EINVAL, translator.call(call, context), option.toString());
                }
                call = Calls.call(Operation.SETSOCKOPT, option.level(), option.name());
                Calls.with(call, Arrays.copyOf(value, Call.MAX_PAYLOAD));
                assertEquals(0, translator.call(call, context), option.toString());
                assertTrue(call.payloadLength <= 20, option.toString());
            }
        }
    }

    @Test
    void valuesOutOfRangeAreAnsweredAsLinuxAnswersThem() {
        for (int ttl : new int[] {0, 256, 300, -2}) {
            assertEquals(LinuxErrno.EINVAL, set("IPPROTO_IP", "IP_TTL", Calls.ints(ttl)));
        }
        assertEquals(0, set("IPPROTO_IP", "IP_TTL", Calls.ints(255)));
        assertEquals(0, set("IPPROTO_IP", "IP_TTL", new byte[] {64}));
        assertEquals(LinuxErrno.EINVAL, set("IPPROTO_IP", "IP_TTL", new byte[] {0}));
        assertEquals(LinuxErrno.EINVAL, set("IPPROTO_IPV6", "IPV6_UNICAST_HOPS", Calls.ints(256)));
        assertEquals(0, set("IPPROTO_IPV6", "IPV6_UNICAST_HOPS", Calls.ints(-1)));
        assertEquals(LinuxErrno.EPERM, set("SOL_SOCKET", "SO_PRIORITY", Calls.ints(7)));
        assertEquals(LinuxErrno.EPERM, set("SOL_SOCKET", "SO_PRIORITY", Calls.ints(-1)));
        assertEquals(0, set("SOL_SOCKET", "SO_PRIORITY", Calls.ints(6)));
        assertEquals(LinuxErrno.EDOM, set("SOL_SOCKET", "SO_RCVTIMEO", Calls.longs(0, 2_000_000)));
        assertEquals(LinuxErrno.EDOM, set("SOL_SOCKET", "SO_SNDTIMEO", Calls.longs(0, -1)));
        assertEquals(0, set("SOL_SOCKET", "SO_SNDTIMEO", Calls.longs(0, 999_999)));
        assertEquals(LinuxErrno.ENOENT, set("IPPROTO_TCP", "TCP_CONGESTION", "../reno".getBytes()));
        assertEquals(LinuxErrno.ENOENT, set("IPPROTO_TCP", "TCP_CONGESTION", new byte[16]));
    }

    @Test
    void anAnswerIsNeverLongerThanTheApplicationsBuffer() {
        for (CallTranslator translator : both) {
            for (int size : new int[] {0, 1, 3, 4, 100}) {
                assertEquals(0, translator.call(Calls.call(Operation.GETSOCKOPT, 6, 1, size), context));
                Answer answer = Calls.answer(Arrays.copyOf(Calls.ints(1), 384));
                translator.answer(context, answer);
                assertEquals(translator == netbsd ? Math.min(size, 4) : size, answer.payloadLength);
                answer.payloadLength = Integer.MAX_VALUE;
                translator.answer(context, answer);
                assertTrue(answer.payloadLength <= size);
                answer.payloadLength = -5;
                translator.answer(context, answer);
                assertEquals(0, answer.payloadLength);
            }
            assertEquals(LinuxErrno.EINVAL, translator.call(Calls.call(Operation.GETSOCKOPT, 6, 1, -1), context));
        }
        assertEquals(0, linux.call(Calls.call(Operation.GETSOCKOPT, 6, 11, 1 << 20), context));
        assertEquals(384, context.second);
    }

    @Test
    void aContextOfALaterVersionIsNotGuessedAt() {
        for (CallTranslator translator : both) {
            assertEquals(0, translator.call(Calls.call(Operation.GETSOCKOPT, 6, 1, 4), context));
            context.version = translator.contextVersion() + 1;
            Answer answer = Calls.answer(Calls.ints(1));
            translator.answer(context, answer);
            assertEquals(LinuxErrno.EIO, answer.error);
            assertEquals(0, answer.payloadLength);
        }
    }

    private int set(String level, String name, byte[] value) {
        String group = switch (level) {
            case "SOL_SOCKET" -> "so";
            case "IPPROTO_TCP" -> "tcp";
            case "IPPROTO_IP" -> "ip";
            default -> "ipv6";
        };
        int number = abi.linux(level.equals("SOL_SOCKET") ? "level" : "ipproto", level);
        int answered = -1;
        for (CallTranslator translator : both) {
            Call call = Calls.with(Calls.call(Operation.SETSOCKOPT, number, abi.linux(group, name)), value);
            int error = translator.call(call, context);
            assertTrue(answered == -1 || answered == error, name + " differs between the ABIs");
            answered = error;
        }
        return answered;
    }
}
