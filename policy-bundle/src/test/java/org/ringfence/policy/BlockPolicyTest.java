package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Verdict;

class BlockPolicyTest {
    /** Begins shortly before the clock wraps around, as System.nanoTime may. */
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);

    private BlockPolicy policy(String... prefixes) {
        return new BlockPolicy(null, Settings.block("RESET", prefixes), now::get);
    }

    private static Verdict of(BlockPolicy policy, String address) {
        return policy.admit(Peer.of(address));
    }

    @Test
    void nothingIsBlockedWithoutConfiguration() {
        BlockPolicy policy = policy();
        assertEquals(Verdict.PASS, of(policy, "192.0.2.7"));
        assertEquals(Verdict.PASS, of(policy, "2001:db8::7"));
    }

    @Test
    void blocksAddressesAndPrefixesOfBothFamilies() {
        BlockPolicy policy = policy("192.0.2.7", "198.51.100.0/24", "203.0.113.128/25", "2001:db8:1::/48", "2001:db8::7",
                "10.0.0.0/8");
        for (String blocked : new String[] {"192.0.2.7", "198.51.100.0", "198.51.100.255", "203.0.113.128",
            "203.0.113.255", "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8::7", "10.255.255.255"}) {
            assertEquals(Verdict.RESET, of(policy, blocked), blocked);
        }
        for (String free : new String[] {"192.0.2.6", "192.0.2.8", "198.51.99.255", "198.51.101.0", "203.0.113.127",
            "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "2001:db8:2::", "2001:db8::6", "2001:db8::8", "11.0.0.0", "127.0.0.1", "::1"}) {
            assertEquals(Verdict.PASS, of(policy, free), free);
        }
    }

    @Test
    void aMappedAddressIsTheIpv4AddressInConfigurationAndInAConnection() {
        BlockPolicy policy = policy("::ffff:192.0.2.7", "::ffff:198.51.100.0/120");
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(Verdict.RESET, of(policy, "198.51.100.200"));
        assertEquals(Verdict.PASS, of(policy, "198.51.101.1"));
        byte[] mapped = new byte[16];
        mapped[10] = -1;
        mapped[11] = -1;
        System.arraycopy(new byte[] {(byte) 192, 0, 2, 7}, 0, mapped, 12, 4);
        assertEquals(Verdict.RESET, policy.admit(new Peer(1, mapped)));
        mapped[15] = 8;
        assertEquals(Verdict.PASS, policy.admit(new Peer(1, mapped)));
    }

    @Test
    void aWholeFamilyCanBeBlocked() {
        assertEquals(Verdict.RESET, of(policy("0.0.0.0/0"), "192.0.2.7"));
        assertEquals(Verdict.PASS, of(policy("0.0.0.0/0"), "2001:db8::7"));
        assertEquals(Verdict.RESET, of(policy("::/0"), "2001:db8::7"));
        assertEquals(Verdict.PASS, of(policy("::/0"), "192.0.2.7"));
    }

    @Test
    void theVerdictIsConfigured() {
        BlockPolicy policy = new BlockPolicy(null, Settings.block("REFUSE", "192.0.2.7"), now::get);
        assertEquals(Verdict.REFUSE, of(policy, "192.0.2.7"));
        policy.configure(Settings.block("RESET", "192.0.2.7"));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        policy.configure(Settings.block("DROP", "192.0.2.8"));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.8"));
        assertEquals(List.of("verdict 'DROP' is unknown: write RESET or REFUSE"), policy.errors());
    }

    @Test
    void oneLineOfAFileMayHoldSeveralPrefixes() {
        BlockPolicy policy = policy("192.0.2.7, 198.51.100.0/24,2001:db8::/32", "", "  10.0.0.1 ");
        for (String blocked : new String[] {"192.0.2.7", "198.51.100.9", "2001:db8::9", "10.0.0.1"}) {
            assertEquals(Verdict.RESET, of(policy, blocked), blocked);
        }
        assertEquals(List.of(), policy.errors());
    }

    @Test
    void ofOverlappingPrefixesEachIsInForceByItself() {
        BlockPolicy policy = policy("10.0.0.0/8");
        policy.list().block("10.1.0.0/16", 0);
        policy.list().block("10.1.2.3", 0);
        policy.list().unblock("10.1.2.3");
        assertEquals(Verdict.RESET, of(policy, "10.1.2.3"));
        policy.list().unblock("10.1.0.0/16");
        assertEquals(Verdict.RESET, of(policy, "10.1.2.3"));
        policy.configure(Settings.block("RESET"));
        assertEquals(Verdict.PASS, of(policy, "10.1.2.3"));
        policy.list().block("10.1.2.3", 0);
        assertEquals(Verdict.PASS, of(policy, "10.1.2.4"));
        assertEquals(Verdict.RESET, of(policy, "10.1.2.3"));
    }

    @Test
    void aTemporaryBlockEnds() {
        BlockPolicy policy = policy();
        policy.list().block("192.0.2.0/24", 60);
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(60, policy.list().secondsLeft(policy.list().list().get(0)));
        now.addAndGet(TimeUnit.SECONDS.toNanos(60) - 1);
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(1, policy.list().secondsLeft(policy.list().list().get(0)));
        now.addAndGet(1);
        assertEquals(Verdict.PASS, of(policy, "192.0.2.7"));
        assertEquals(List.of(), policy.list().list());
        assertThrows(IllegalArgumentException.class, () -> policy.list().unblock("192.0.2.0/24"));
    }

    @Test
    void aTemporaryBlockInsideALongerOneHidesNothing() {
        BlockPolicy policy = policy("203.0.113.0/24");
        policy.list().block("192.0.2.0/24", 600);
        policy.list().block("192.0.2.7", 60);
        policy.list().block("203.0.113.7", 60);
        policy.list().block("203.0.113.0/24", 60);
        now.addAndGet(TimeUnit.SECONDS.toNanos(61));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(Verdict.RESET, of(policy, "203.0.113.7"));
        now.addAndGet(TimeUnit.SECONDS.toNanos(600));
        assertEquals(Verdict.PASS, of(policy, "192.0.2.7"));
        assertEquals(Verdict.RESET, of(policy, "203.0.113.7"));
    }

    @Test
    void aLaterCommandForTheSamePrefixTakesThePlaceOfTheEarlier() {
        BlockPolicy policy = policy();
        policy.list().block("192.0.2.7", 10);
        policy.list().block("192.0.2.7/32", 0);
        now.addAndGet(TimeUnit.SECONDS.toNanos(11));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(1, policy.list().list().size());
    }

    @Test
    void aNewConfigurationLeavesTheBlocksOfCommands() {
        BlockPolicy policy = policy("192.0.2.7");
        policy.list().block("198.51.100.7", 0);
        policy.configure(Settings.block("RESET", "192.0.2.8"));
        assertEquals(Verdict.PASS, of(policy, "192.0.2.7"));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.8"));
        assertEquals(Verdict.RESET, of(policy, "198.51.100.7"));
    }

    @Test
    void aBadEntryLeavesTheOldConfigurationInForce() {
        BlockPolicy policy = policy("192.0.2.7");
        policy.configure(Settings.block("RESET", "198.51.100.7", "300.1.2.3"));
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(Verdict.PASS, of(policy, "198.51.100.7"));
        assertEquals(1, policy.errors().size());
        assertTrue(policy.errors().get(0).startsWith("'300.1.2.3' is no address or prefix: write it like"));
        policy.configure(Settings.block("RESET", "198.51.100.7"));
        assertEquals(List.of(), policy.errors());
        assertEquals(Verdict.RESET, of(policy, "198.51.100.7"));
        assertEquals(Verdict.PASS, of(policy, "192.0.2.7"));
    }

    @Test
    void ofAFirstConfigurationTheGoodEntriesAreTaken() {
        BlockPolicy policy = policy("192.0.2.7", "nonsense", "10.0.0.5/8");
        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
        assertEquals(Verdict.PASS, of(policy, "10.0.0.5"));
        assertEquals(2, policy.errors().size());
        assertTrue(policy.errors().get(1).contains("write 10.0.0.0/8 for the prefix or 10.0.0.5 for the address"));
    }

    @Test
    void whatIsNoPlainAddressOrPrefixIsRefused() {
        BlockList list = policy().list();
        for (String text : new String[] {"", "*", "/8", "10", "10.1", "10.0.0.*", "10.0.0.1-9", "10.0.0.0/33", "10.0.0.0/-1",
            "10.0.0.0/255.0.0.0", "0x0a.0.0.1", "010.0.0.1", "example.org", "2001:db8::/129", "fe80::1%eth0", "2001:db8:::1",
            "10.0.0.1/8", "2001:db8::1/32", "1.2.3.4.5", "10.0.0.1 10.0.0.2", "all"}) {
            assertThrows(IllegalArgumentException.class, () -> list.block(text, 0), text);
        }
        assertEquals(List.of(), list.list());
        for (long seconds : new long[] {-1, Long.MAX_VALUE, Long.MIN_VALUE, BlockList.LONGEST_SECONDS + 1}) {
            assertThrows(IllegalArgumentException.class, () -> list.block("10.0.0.1", seconds));
        }
        list.block("10.0.0.1", BlockList.LONGEST_SECONDS);
        assertEquals(Verdict.RESET, of(new BlockPolicy(null, Settings.block("RESET", "10.0.0.1"), System::nanoTime), "10.0.0.1"));
    }

    @Test
    void unblockSaysWhyItCannot() {
        BlockPolicy policy = policy("10.0.0.0/8");
        assertMessage("10.0.0.0/8 is blocked by configuration: take it out of 'prefixes' of org.ringfence.policy.block",
                () -> policy.unblock("10.0.0.0/8"));
        assertMessage("10.1.2.3 is not blocked itself but is inside 10.0.0.0/8: unblock that",
                () -> policy.unblock("10.1.2.3"));
        assertMessage("192.0.2.7 is not blocked: 'blocked' lists what is", () -> policy.unblock("192.0.2.7"));
    }

    private static void assertMessage(String message, Runnable command) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, command::run).getMessage());
    }

    @Test
    void blocksAreReportedWithTheirOriginAndTheirEnd() {
        BlockPolicy policy = policy("10.0.0.0/8");
        assertEquals(new BlockReport("2001:db8::/32", false, -1), policy.block("2001:DB8:0::/32", 0));
        policy.block("192.0.2.7", 90);
        assertEquals(List.of(new BlockReport("10.0.0.0/8", true, -1), new BlockReport("2001:db8::/32", false, -1),
                new BlockReport("192.0.2.7", false, 90)), policy.blocks());
        assertEquals("192.0.2.7", policy.unblock("192.0.2.7").prefix());
        assertEquals(2, policy.blocks().size());
    }

    @Test
    @Timeout(60)
    void changesDoNotDisturbWhoAsksMeanwhile() throws InterruptedException {
        BlockPolicy policy = policy("192.0.2.7", "2001:db8::/32");
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        Thread[] askers = new Thread[2];
        AtomicLong asked = new AtomicLong();
        for (int i = 0; i < askers.length; i++) {
            askers[i] = new Thread(() -> {
                try {
                    while (!stop.get()) {
                        assertEquals(Verdict.RESET, of(policy, "192.0.2.7"));
                        assertEquals(Verdict.RESET, of(policy, "2001:db8::7"));
                        assertEquals(Verdict.PASS, of(policy, "203.0.113.1"));
                        of(policy, "198.51.100.7");
                        asked.incrementAndGet();
                    }
                } catch (Throwable e) {
                    wrong.set(e);
                }
            });
            askers[i].start();
        }
        // at least so many changes, and until the askers have had their turns
        for (int i = 0; (i < 300 || asked.get() < 300) && wrong.get() == null; i++) {
            policy.list().block("198.51.100." + i % 256, i % 2);
            policy.list().block("192.0.2.0/24", 0);
            policy.list().unblock("192.0.2.0/24");
            policy.configure(Settings.block("RESET", "192.0.2.7", "2001:db8::/32", "198.51.100." + i % 256));
        }
        stop.set(true);
        for (Thread asker : askers) {
            asker.join();
        }
        if (wrong.get() != null) {
            throw new AssertionError(wrong.get());
        }
        assertTrue(asked.get() >= 300);
    }

    @Test
    void theNextVersionHasTheBlocksOfCommandsWithTheTimeThatIsLeft() {
        OneShelf shelf = new OneShelf();
        BlockPolicy former = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.0/24", 0);
        former.list().block("198.51.100.7", 100);
        former.list().block("203.0.113.7", 10);
        now.addAndGet(TimeUnit.SECONDS.toNanos(40));
        BlockPolicy next = new BlockPolicy(shelf, Settings.block("REFUSE"), now::get);
        former.end();
        assertEquals(Verdict.REFUSE, of(next, "192.0.2.9"));
        assertEquals(Verdict.REFUSE, of(next, "198.51.100.7"));
        assertEquals(Verdict.PASS, of(next, "203.0.113.7"));
        assertEquals(List.of(60L), next.list().list().stream().filter(block -> !block.forever()).map(next.list()::secondsLeft).toList());
    }

    @Test
    void blocksOfCommandsOutlastTheTimeWithoutAnyVersion() {
        OneShelf shelf = new OneShelf();
        BlockPolicy former = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.7", 100);
        former.end();
        now.addAndGet(TimeUnit.SECONDS.toNanos(30));
        BlockPolicy next = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        assertEquals(Verdict.RESET, of(next, "192.0.2.7"));
        assertEquals(70L, next.list().secondsLeft(next.list().list().get(0)));
    }

    @Test
    void whatTheFormerVersionBlocksUntilItEndsIsBlocked() {
        OneShelf shelf = new OneShelf();
        BlockPolicy former = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.7", 100);
        BlockPolicy next = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.8", 100);
        assertEquals(Verdict.PASS, of(next, "192.0.2.8"));
        former.end();
        assertEquals(Verdict.RESET, of(next, "192.0.2.7"));
        assertEquals(Verdict.RESET, of(next, "192.0.2.8"));
    }

    @Test
    void ofABlockThatBothVersionsMadeTheLaterEndCounts() {
        OneShelf shelf = new OneShelf();
        BlockPolicy former = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.1", 10);
        BlockPolicy next = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.1", 100);
        former.list().block("192.0.2.2", 10);
        next.list().block("192.0.2.2", 100);
        former.list().block("192.0.2.3", 10);
        next.list().block("192.0.2.3", 0);
        former.end();
        now.addAndGet(TimeUnit.SECONDS.toNanos(50));
        assertEquals(List.of(50L, 50L), next.list().list().stream().filter(block -> !block.forever()).map(next.list()::secondsLeft).toList());
        assertEquals(Verdict.RESET, of(next, "192.0.2.3"));
    }

    @Test
    void whatWasUnblockedSinceDoesNotComeBackWithTheEndOfTheFormerVersion() {
        OneShelf shelf = new OneShelf();
        BlockPolicy former = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        former.list().block("192.0.2.7", 100);
        BlockPolicy next = new BlockPolicy(shelf, Settings.block("RESET"), now::get);
        next.unblock("192.0.2.7");
        former.end();
        assertEquals(Verdict.PASS, of(next, "192.0.2.7"));
    }
}
