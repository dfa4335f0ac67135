package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.BlockReport;
import org.ringfence.api.policy.Blocks;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** What is blocked while there are several versions of the policy "block" is blocked by the one that is asked. */
class AskedBlocksTest extends ChainFixture {
    private BlockPolicy block(long id) {
        BlockPolicy block = new BlockPolicy(null, Settings.block("RESET"), System::nanoTime);
        chain.add(block, Map.of("service.ranking", 1000, "service.id", id));
        return block;
    }

    @Test
    void whatACommandBlocksIsBlockedByThePolicyThatIsAsked() {
        BlockPolicy older = block(10);
        add("allow", -1000, 11, () -> Verdict.ALLOW);
        Blocks blocks = new AskedBlocks(chain);
        BlockPolicy newer = block(20);
        assertEquals("192.0.2.7", blocks.block("192.0.2.7", 0).prefix());
        assertEquals(Verdict.RESET, chain.admit(peer));
        assertEquals(newer.blocks(), blocks.blocks());
        assertEquals(List.of(), older.blocks());
        blocks.unblock("192.0.2.7");
        assertEquals(Verdict.ALLOW, chain.admit(peer));
        chain.remove(newer);
        blocks.block("192.0.2.7", 0);
        assertEquals(Verdict.RESET, chain.admit(peer));
    }

    @Test
    void aCommandIsToldThatNobodyWhoBlocksIsAsked() {
        Blocks blocks = new AskedBlocks(chain);
        assertEquals("no policy 'block' that takes commands is asked: 'policies' shows which are",
                assertThrows(IllegalStateException.class, () -> blocks.block("192.0.2.7", 0)).getMessage());
        add("block", 1000, 1, () -> Verdict.PASS);
        assertThrows(IllegalStateException.class, blocks::blocks);
    }

    @Test
    void aSourceThatAPolicyWantsBlockedIsBlockedByThePolicyThatIsAsked() {
        BlockPolicy older = block(10);
        BlockPolicy newer = block(20);
        add("allow", -1000, 11, () -> Verdict.ALLOW);
        chain.add(new Wanting(), Map.of("service.id", 12L));
        assertEquals(Measure.BLOCK, chain.inspect(peer));
        older.settle();
        newer.settle();
        assertEquals(Verdict.RESET, chain.admit(peer));
        assertEquals(List.of(), older.blocks());
    }

    @Test
    void nobodyIsBlockedForADatagramThatMayBeSomebodyElses() {
        BlockPolicy block = block(10);
        chain.add(new Wanting(), Map.of("service.id", 12L));
        assertEquals(Measure.RESET, chain.inspect(Peer.of("192.0.2.7").asDatagram()));
        assertEquals(Measure.BLOCK, chain.inspect(Peer.of("192.0.2.8").asked()));
        block.settle();
        assertEquals(List.of("192.0.2.8"), block.blocks().stream().map(BlockReport::prefix).toList());
    }

    @Test
    void aSourceIsBlockedByAVersionOfAnotherBundleIfThatIsAsked() {
        block(10);
        Elsewhere elsewhere = new Elsewhere();
        chain.add(elsewhere, Map.of("service.ranking", 1000, "service.id", 20L));
        chain.add(new Wanting(), Map.of("service.id", 12L));
        chain.inspect(peer);
        chain.inspect(Peer.of("2001:db8::7"));
        elsewhere.forever.add("198.51.100.9"); // by a command
        chain.inspect(Peer.of("198.51.100.9"));
        chain.deactivate();
        assertEquals(List.of("192.0.2.7 60", "2001:db8::/64 60"), elsewhere.blocked);
    }

    /** Wants each source blocked. */
    private static final class Wanting implements Policy {
        @Override
        public String name() {
            return "wanting";
        }

        @Override
        public Verdict admit(Connection connection) {
            return Verdict.PASS;
        }

        @Override
        public Finding inspect(Connection connection) {
            return new Finding(Measure.BLOCK, "for the test");
        }
    }

    /** Another bundle's "block", of which only the interface is known. */
    private static final class Elsewhere implements Policy, Blocks {
        final List<String> blocked = Collections.synchronizedList(new ArrayList<>());
        final List<String> forever = new ArrayList<>();

        @Override
        public String name() {
            return "block";
        }

        @Override
        public Verdict admit(Connection connection) {
            return Verdict.PASS;
        }

        @Override
        public BlockReport block(String prefix, long seconds) {
            blocked.add(prefix + " " + seconds);
            return new BlockReport(prefix, false, seconds);
        }

        @Override
        public BlockReport unblock(String prefix) {
            throw new IllegalArgumentException(prefix);
        }

        @Override
        public List<BlockReport> blocks() {
            return forever.stream().map(prefix -> new BlockReport(prefix, false, -1)).toList();
        }

        @Override
        public List<String> errors() {
            return List.of();
        }
    }
}
