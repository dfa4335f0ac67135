package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.CallContext;
import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.call.Operation;

/** What an application or an INS that was taken over can write, at random, and what it costs. */
class HostileCallsTest {
    private static final int ROUNDS = 100_000;
    /** The one that everybody has, and one of this run: a failure names it, and it is run again as {@code -Dringfence.seed=N}. */
    private static final long[] SEEDS = {20_240_229, Long.getLong("ringfence.seed", System.nanoTime())};
    private static final int[] LIKELY = {0, 1, 2, 4, 6, 10, 17, 24, 41, 0xffff, -1, 128, 4096};
    private static final int[] LEVELS = {0, 1, 6, 41};
    /** What the JVM itself may allocate on the thread while it compiles and measures. */
    private static final long NOISE = 1024;

    private final OptionTable options = new OptionTable(new AbiTable());
    private final Call call = new Call();
    private final CallContext context = new CallContext();
    private final Answer answer = new Answer();

    @Test
    void nothingUnknownPassesToLinux() {
        for (long seed : SEEDS) {
            fuzz(new LinuxTranslator(), false, seed);
        }
    }

    @Test
    void nothingUnknownPassesToNetbsd() {
        for (long seed : SEEDS) {
            fuzz(new NetbsdTranslator(), true, seed);
        }
    }

    private void fuzz(CallTranslator translator, boolean netbsd, long seed) {
        System.out.println("calls and answers at random, seed " + seed);
        Random random = new Random(seed);
        Set<Long> there = netbsdOptions();
        int passed = 0;
        int options = 0;
        for (int round = 0; round < ROUNDS; round++) {
            randomCall(random);
            int operation = call.operation;
            int level = (int) call.arguments[0];
            int name = (int) call.arguments[1];
            int error = -1;
            try {
                error = translator.call(call, context);
            } catch (RuntimeException e) {
                fail("round " + round + " of seed " + seed, e);
            }
            assertTrue(error >= 0 && error < 134, "round " + round + " of seed " + seed + ": errno " + error);
            if (error == 0) {
                passed++;
                Operation known = Operation.of(operation);
                assertTrue(known != null && known != Operation.ACCEPT && known != Operation.CLOSE, "round " + round);
                assertTrue(call.payloadLength >= 0 && call.payloadLength <= 28, "round " + round + " of seed " + seed);
                if (known == Operation.SETSOCKOPT || known == Operation.GETSOCKOPT) {
                    options++;
                    SocketOption option = this.options.find(level, name);
                    assertTrue(option != null && (known == Operation.SETSOCKOPT ? option.set() : option.get()) != null,
                            "round " + round + ": option " + level + ", " + name + " passed");
                    if (!netbsd) {
                        assertEquals(level, call.arguments[0]);
                        assertEquals(name, call.arguments[1]);
                    } else if (call.operation != Operation.GETSOCKNAME.number()) {
                        assertTrue(there.contains(call.arguments[0] << 32 | call.arguments[1]), "round " + round);
                    }
                }
            }
            randomAnswer(random);
            if (random.nextInt(8) == 0) {
                randomContext(random);
            }
            try {
                translator.answer(context, answer);
                translator.address(answer.payload, random.nextInt(), random.nextInt());
                translator.address(answer.payload, random.nextInt(400) - 8, random.nextInt(64) - 8);
                int exact = translator.addressToIns(answer.payload, random.nextInt(400) - 8, random.nextInt(64) - 8);
                assertTrue(exact == 0 || exact == 16 || exact == 28, "round " + round + " of seed " + seed + ": " + exact);
                translator.addressToIns(answer.payload, random.nextInt(), random.nextInt());
            } catch (RuntimeException e) {
                fail("answer of round " + round + " of seed " + seed, e);
            }
            assertTrue(answer.error >= 0 && answer.error < 134, "round " + round + ": errno " + answer.error);
            assertTrue(answer.payloadLength >= 0 && answer.payloadLength <= Answer.MAX_PAYLOAD, "round " + round);
        }
        // the fuzz reached both sides of the checks
        assertTrue(passed > ROUNDS / 20 && passed < ROUNDS, passed + " passed");
        assertTrue(options > 1000, options + " options passed");
    }

    private Set<Long> netbsdOptions() {
        Set<Long> there = new HashSet<>();
        there.add(0xffffL << 32 | 0x1008); // SO_TYPE
        for (SocketOption option : options.all()) {
            if (option.way() == SocketOption.Way.DIRECT) {
                there.add((long) option.netbsdLevel() << 32 | option.netbsdName());
            }
        }
        return there;
    }

    private void randomCall(Random random) {
        call.operation = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(14);
        call.slot = random.nextInt();
        call.generation = random.nextInt();
        for (int i = 0; i < call.arguments.length; i++) {
            call.arguments[i] = number(random);
        }
        if (random.nextInt(2) == 0) {
            call.arguments[0] = LIKELY[random.nextInt(LIKELY.length)];
            call.arguments[1] = random.nextInt(80);
        }
        if (random.nextInt(4) == 0) {
            call.operation = random.nextBoolean() ? Operation.SETSOCKOPT.number() : Operation.GETSOCKOPT.number();
            call.arguments[0] = LEVELS[random.nextInt(LEVELS.length)];
        }
        random.nextBytes(call.payload);
        if (random.nextInt(2) == 0) {
            call.payload[0] = (byte) (random.nextBoolean() ? 2 : 10);
            call.payload[1] = 0;
        }
        call.payloadLength = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(Call.MAX_PAYLOAD + 1);
    }

    private void randomAnswer(Random random) {
        answer.error = random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(100) * random.nextInt(2);
        answer.result = random.nextLong();
        random.nextBytes(answer.payload);
        answer.payloadLength = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(Answer.MAX_PAYLOAD + 1);
    }

    private void randomContext(Random random) {
        context.version = random.nextInt(4) - 1;
        context.operation = random.nextInt(14) - 1;
        context.first = random.nextLong();
        context.second = random.nextLong();
        context.third = random.nextInt(2) == 0 ? random.nextLong() : random.nextInt(14);
    }

    private static long number(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> LIKELY[random.nextInt(LIKELY.length)];
            case 2 -> random.nextInt(80);
            default -> random.nextInt();
        };
    }

    @Test
    void aCallAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertTrue(threads.isThreadAllocatedMemorySupported() && threads.isThreadAllocatedMemoryEnabled());
        for (CallTranslator translator : new CallTranslator[] {new LinuxTranslator(), new NetbsdTranslator()}) {
            byte[] address = Calls.ipv6();
            work(translator, ROUNDS, address);
            long allocated = Long.MAX_VALUE;
            // the least of three: a compilation that ends in between may allocate once
            for (int attempt = 0; attempt < 3; attempt++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                work(translator, ROUNDS, address);
                allocated = Math.min(allocated, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertTrue(allocated < NOISE, translator.getClass().getSimpleName() + ": " + allocated + " bytes in "
                    + ROUNDS + " rounds");
        }
    }

    /** One of everything: addresses, options with values of all kinds, refusals, answers. */
    private void work(CallTranslator translator, int rounds, byte[] address) {
        long sum = 0;
        for (int round = 0; round < rounds; round++) {
            Operation operation = Operation.of(1 + round % 12);
            call.clear(operation, 1, 1);
            call.arguments[0] = operation == Operation.SOCKET ? 10 : LIKELY[round % 7];
            call.arguments[1] = operation == Operation.SOCKET ? 1 : round % 80;
            call.arguments[2] = operation == Operation.SOCKET ? 6 : 64;
            System.arraycopy(address, 0, call.payload, 0, address.length);
            call.payloadLength = address.length;
            sum += translator.call(call, context);
            answer.set(round % 3 == 0 ? round % 90 : 0, 0);
            System.arraycopy(address, 0, answer.payload, 0, address.length);
            answer.payloadLength = address.length;
            translator.answer(context, answer);
            sum += answer.error + translator.address(answer.payload, 0, 28) + translator.error(round % 200);
        }
        assertTrue(sum > 0);
    }
}
