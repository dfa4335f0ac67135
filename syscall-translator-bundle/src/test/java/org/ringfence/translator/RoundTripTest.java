package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/**
 * There and back is the identity, or a loss that docs/translation.md names: every option with values at random, set on a NetBSD that
 * keeps what it is given and read again; every address, errno and call.
 */
class RoundTripTest {
    private static final int ROUNDS = 20_000;
    private static final int LARGEST_BUFFER = 196_608;
    /** SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF of Linux, halved: what getsockopt() tells is twice what was set. */
    private static final int SMALLEST_SEND_BUFFER = 2304;
    private static final int SMALLEST_RECEIVE_BUFFER = 1152;
    private static final int SO_RCVBUF = 8;

    private final AbiTable abi = new AbiTable();
    private final OptionTable options = new OptionTable(abi);
    private final CallTranslator netbsd = new NetbsdTranslator();
    private final CallContext context = new CallContext();
    private final long seed = Long.getLong("ringfence.seed", System.nanoTime());
    private final Random random = new Random(seed);

    /** A value Linux accepts. */
    private byte[] value(ValueKind kind) {
        return switch (kind) {
            case INT, FLAG, SIZE -> Calls.ints(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(300_000));
            case OCTET -> Calls.ints(random.nextInt(256));
            case TTL -> Calls.ints(1 + random.nextInt(255));
            case HOPS -> Calls.ints(random.nextInt(257) - 1);
            case PRIORITY -> Calls.ints(random.nextInt(7));
            case LINGER -> Calls.ints(random.nextInt(2), random.nextInt(65_536));
            case TIMEVAL -> Calls.longs(random.nextInt(1_000_000), random.nextInt(1_000_000));
            case NAME -> new byte[] {'r', 'e', 'n', 'o'};
            default -> OptionsTest.sample(kind);
        };
    }

    /** What NetBSD reads of an option after it was set to {@code stored}, by kind. */
    private byte[] readThere(ValueKind kind, byte[] stored) {
        return switch (kind) {
            case FLAG -> Calls.ints(LittleEndian.getInt(stored, 0) == 0 ? 0 : 1 << random.nextInt(10));
            case LINGER -> Calls.ints(LittleEndian.getInt(stored, 0) == 0 ? 0 : 0x80, LittleEndian.getInt(stored, 4));
            case TIMEVAL -> {
                byte[] time = stored.clone();
                LittleEndian.putInt(time, 12, random.nextInt()); // padding
                yield time;
            }
            default -> stored;
        };
    }

    /** What Linux reads of it: the documented losses are here. */
    private static byte[] readHere(SocketOption option, byte[] set) {
        if (option.way() == SocketOption.Way.CONSTANT) {
            return Calls.ints(option.constant());
        }
        int first = LittleEndian.getInt(set, 0);
        return switch (option.set()) {
            case FLAG -> Calls.ints(first != 0 ? 1 : 0);
            case SIZE -> {
                int least = option.name() == SO_RCVBUF ? SMALLEST_RECEIVE_BUFFER : SMALLEST_SEND_BUFFER;
                yield Calls.ints(2 * Math.max(least, first < 0 ? LARGEST_BUFFER : Math.min(first, LARGEST_BUFFER)));
            }
            default -> set;
        };
    }

    @Test
    void anOptionReadsAsItWasSet() {
        for (int round = 0; round < ROUNDS; round++) {
            SocketOption option = options.all().get(random.nextInt(options.all().size()));
            if (option.set() == null || option.get() == null || option.way() == SocketOption.Way.NONE
                    || option.set() == ValueKind.NAME || option.set() == ValueKind.INTERFACE || option.set() == ValueKind.RATE) {
                continue; // a name is the INS's to remember; the others are tested by themselves
            }
            String where = "round " + round + " of seed " + seed + ": " + option;
            byte[] value = value(option.set());
            Call set = Calls.with(Calls.call(Operation.SETSOCKOPT, option.level(), option.name()), value);
            assertEquals(0, netbsd.call(set, context), where);
            byte[] stored = option.way() == SocketOption.Way.DIRECT ? Calls.used(set) : Calls.ints(1);
            Call get = Calls.call(Operation.GETSOCKOPT, option.level(), option.name(), 384);
            assertEquals(0, netbsd.call(get, context), where);
            Answer answer = Calls.answer(option.way() == SocketOption.Way.DIRECT ? readThere(option.set(), stored) : stored);
            netbsd.answer(context, answer);
            assertEquals(0, answer.error, where);
            byte[] expected = readHere(option, value);
            assertArrayEquals(expected, Arrays.copyOf(Calls.used(answer), expected.length), where);
        }
    }

    @Test
    void anAddressComesBackAsItWent() {
        for (int round = 0; round < ROUNDS; round++) {
            byte[] address = random.nextBoolean() ? Calls.ipv4() : Calls.ipv6();
            byte[] there = new byte[40];
            byte[] name = new byte[address.length - 2];
            random.nextBytes(name);
            System.arraycopy(name, 0, address, 2, name.length);
            if (address.length == 16) {
                Arrays.fill(address, 8, 16, (byte) 0); // sin_zero
            }
            System.arraycopy(address, 0, there, 5, address.length);
            assertEquals(address.length, netbsd.addressToIns(there, 5, address.length), "seed " + seed);
            assertEquals(address.length, there[5], "seed " + seed);
            assertEquals(address.length, netbsd.address(there, 5, address.length), "seed " + seed);
            assertArrayEquals(address, Arrays.copyOfRange(there, 5, 5 + address.length), "round " + round + " of seed " + seed);
        }
    }

    @Test
    void aNameThatIsAskedForComesBackAsItWasBound() {
        for (int round = 0; round < ROUNDS; round++) {
            byte[] address = random.nextBoolean() ? Calls.ipv4() : Calls.ipv6();
            address[2] = (byte) random.nextInt();
            address[7] = (byte) random.nextInt();
            Call bind = Calls.with(Calls.call(Operation.BIND), address);
            assertEquals(0, netbsd.call(bind, context));
            for (Operation operation : new Operation[] {Operation.GETSOCKNAME, Operation.GETPEERNAME}) {
                assertEquals(0, netbsd.call(Calls.call(operation), context));
                Answer answer = Calls.answer(Calls.used(bind));
                netbsd.answer(context, answer);
                assertArrayEquals(address, Calls.used(answer), "round " + round + " of seed " + seed);
            }
        }
    }

    @Test
    void anErrnoThatBothHaveComesBackAsItself() {
        int both = 0;
        for (AbiTable.Row row : abi.rows("errno")) {
            if (row.linux() == null || row.netbsd() == null) {
                continue;
            }
            both++;
            for (Operation operation : Operation.values()) {
                context.version = netbsd.contextVersion();
                context.operation = operation.number();
                context.third = 0;
                Answer answer = new Answer().set(row.netbsd(), -1);
                netbsd.answer(context, answer);
                assertEquals(row.linux(), answer.error, row + " of " + operation);
                assertEquals(0, answer.payloadLength, row + " of " + operation);
            }
        }
        assertEquals(true, both > 80);
    }

    @Test
    void callsWithoutNumbersOfTheirOwnGoAsTheyAre() {
        for (int round = 0; round < ROUNDS; round++) {
            int backlog = random.nextInt(129);
            Call listen = Calls.call(Operation.LISTEN, backlog);
            assertEquals(0, netbsd.call(listen, context));
            assertEquals(backlog, listen.arguments[0]);
            long position = random.nextLong();
            Call shutdown = Calls.call(Operation.SHUTDOWN, round % 3, position);
            assertEquals(0, netbsd.call(shutdown, context));
            assertArrayEquals(new long[] {round % 3, position, 0, 0, 0, 0}, shutdown.arguments);
        }
    }
}
