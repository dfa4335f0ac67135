package org.ringfence.policy;

import inet.ipaddr.IPAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.ringfence.api.handover.HandoverState;

/**
 * The blocked prefixes, from configuration and from commands. Changes are made under a lock and published as a
 * whole; {@link #find} reads what is current, without one.
 */
final class BlockList {
    /** Ten years; a longer time is a mistake, or meant to be forever. */
    static final long LONGEST_SECONDS = 10L * 366 * 24 * 3600;

    /** Blocks by policies are left out where there are so many: an attacker with an IPv6 /48 has 65,536 sources, and the list takes some 20 us for each. */
    static final int MOST_SOURCES = 16_384;

    static final String STATE = "policy.block";
    private static final int STATE_VERSION = 1;

    private final LongSupplier clock;
    private final Map<IPAddress, Block> configured = new LinkedHashMap<>();
    private final Map<IPAddress, Block> commanded = new LinkedHashMap<>();
    /** Apart, so that a command does not arrange a long configured list anew. */
    private volatile BlockedPrefixes currentConfigured = BlockedPrefixes.NONE;
    private volatile BlockedPrefixes currentCommanded = BlockedPrefixes.NONE;

    /** @param clock nanoseconds, as {@link System#nanoTime()} */
    BlockList(LongSupplier clock) {
        this.clock = clock;
    }

    /** The block in force that holds an address (4 or 16 bytes), or null. */
    Block find(byte[] address) {
        Block block = currentConfigured.find(address, clock);
        return block != null ? block : currentCommanded.find(address, clock);
    }

    /**
     * Takes the place of all configured prefixes. If an entry is wrong nothing is changed, unless nothing was configured before:
     * then the others are taken, as an empty list is not worth keeping.
     *
     * @return what is wrong, one sentence for each bad entry
     */
    List<String> configure(List<String> entries) {
        Map<IPAddress, Block> blocks = new LinkedHashMap<>();
        List<String> errors = new ArrayList<>();
        for (String entry : entries) {
            try {
                IPAddress prefix = PrefixText.parse(entry);
                blocks.put(prefix, new Block(prefix, true, true, 0));
            } catch (IllegalArgumentException e) {
                errors.add(e.getMessage());
            }
        }
        BlockedPrefixes arranged = new BlockedPrefixes(blocks.values()); // a second for 50,000: nobody is to wait for it
        synchronized (this) {
            if (errors.isEmpty() || configured.isEmpty()) {
                configured.clear();
                configured.putAll(blocks);
                currentConfigured = arranged;
            }
        }
        return errors;
    }

    synchronized int configuredCount() {
        return configured.size();
    }

    /**
     * Blocks a prefix, in place of an earlier command for the same one.
     *
     * @param seconds for how long; 0 for ever
     * @throws IllegalArgumentException saying what is wrong with the prefix or the time
     */
    synchronized Block block(String text, long seconds) {
        if (seconds < 0 || seconds > LONGEST_SECONDS) {
            throw new IllegalArgumentException(seconds + " seconds: write 1 to " + LONGEST_SECONDS
                    + ", or nothing to block until the gateway ends");
        }
        IPAddress prefix = PrefixText.parse(text);
        Block block = new Block(prefix, false, seconds == 0, clock.getAsLong() + TimeUnit.SECONDS.toNanos(seconds));
        commanded.put(prefix, block);
        publishCommanded();
        return block;
    }

    /**
     * Blocks the prefixes of sources, as {@link #block}, but for those of which most of that time is left of an earlier block, since each of their
     * connections may be found; and no more than {@link #MOST_SOURCES}.
     *
     * @return how many were left out, since there are so many
     */
    synchronized int blockSources(List<String> texts, long seconds) {
        long now = clock.getAsLong();
        commanded.values().removeIf(block -> !block.inForce(now));
        int leftOut = 0;
        boolean changed = false;
        for (String text : texts) {
            IPAddress prefix = PrefixText.parse(text);
            Block present = commanded.get(prefix);
            boolean lasts = present != null && (present.forever() || present.end() - now > TimeUnit.SECONDS.toNanos(seconds) / 4 * 3);
            if (present == null && commanded.size() >= MOST_SOURCES) {
                leftOut++;
            } else if (!lasts) {
                commanded.put(prefix, new Block(prefix, false, false, now + TimeUnit.SECONDS.toNanos(seconds)));
                changed = true;
            }
        }
        if (changed) {
            publishCommanded();
        }
        return leftOut;
    }

    /**
     * Ends a block that a command began.
     *
     * @throws IllegalArgumentException if there is none for exactly this prefix, saying where it may be
     */
    synchronized Block unblock(String text) {
        IPAddress prefix = PrefixText.parse(text);
        Block block = commanded.remove(prefix);
        if (block == null || !block.inForce(clock.getAsLong())) {
            String name = PrefixText.write(prefix);
            if (configured.containsKey(prefix)) {
                throw new IllegalArgumentException(name + " is blocked by configuration: take it out of 'prefixes' of "
                        + BlockPolicy.PID);
            }
            for (Block other : list()) {
                if (other.prefix().contains(prefix)) {
                    throw new IllegalArgumentException(name + " is not blocked itself but is inside "
                            + PrefixText.write(other.prefix()) + ": unblock that");
                }
            }
            throw new IllegalArgumentException(name + " is not blocked: 'blocked' lists what is");
        }
        publishCommanded();
        return block;
    }

    /** Blocks in force: configured ones first, each kind in the order it was made. */
    synchronized List<Block> list() {
        long now = clock.getAsLong();
        List<Block> blocks = new ArrayList<>(configured.values());
        for (Block block : commanded.values()) {
            if (block.inForce(now)) {
                blocks.add(block);
            }
        }
        return blocks;
    }

    /** Seconds until a block ends, rounded up; 0 if it has ended. */
    long secondsLeft(Block block) {
        long nanoseconds = Math.max(0, block.end() - clock.getAsLong());
        return (nanoseconds + 999_999_999) / 1_000_000_000;
    }

    /** The blocks of commands that are in force, for the next version of this policy. */
    synchronized HandoverState handOver() {
        long now = clock.getAsLong();
        List<Block> blocks = commanded.values().stream().filter(block -> block.inForce(now)).toList();
        return new HandoverState(STATE, STATE_VERSION)
                .put("prefixes", blocks.stream().map(block -> PrefixText.write(block.prefix())).toArray(String[]::new))
                .put("forever", bits(blocks)).put("end", blocks.stream().mapToLong(Block::end).toArray());
    }

    private static boolean[] bits(List<Block> blocks) {
        boolean[] forever = new boolean[blocks.size()];
        for (int i = 0; i < forever.length; i++) {
            forever[i] = blocks.get(i).forever();
        }
        return forever;
    }

    /** Takes over the blocks of commands of the version before this one; the clock is the same process's. */
    synchronized void takeOver(HandoverState state) {
        String[] prefixes = state.expect(STATE, STATE_VERSION).get("prefixes", String[].class);
        boolean[] forever = state.flags("forever");
        long[] end = state.longNumbers("end");
        for (int i = 0; i < prefixes.length; i++) {
            IPAddress prefix = PrefixText.parse(prefixes[i]);
            commanded.put(prefix, new Block(prefix, false, forever[i], end[i]));
        }
        publishCommanded();
    }

    private void publishCommanded() {
        long now = clock.getAsLong();
        commanded.values().removeIf(block -> !block.inForce(now));
        currentCommanded = new BlockedPrefixes(commanded.values());
    }

    /**
     * Takes over the blocks of commands of another version, but for those it had already: they may have been ended here. Of two blocks
     * of one prefix the later end counts.
     *
     * @param known what it had; null: nothing
     */
    synchronized void takeOverRest(HandoverState state, HandoverState known) {
        Map<IPAddress, Block> rest = commandedOf(state);
        if (known != null) {
            rest.entrySet().removeAll(commandedOf(known).entrySet());
        }
        rest.forEach((prefix, block) -> commanded.merge(prefix, block, BlockList::later));
        publishCommanded();
    }

    private Map<IPAddress, Block> commandedOf(HandoverState state) {
        BlockList list = new BlockList(clock);
        list.takeOver(state);
        return list.commanded;
    }

    private static Block later(Block one, Block other) {
        return one.forever() || !other.forever() && one.end() - other.end() >= 0 ? one : other;
    }
}
