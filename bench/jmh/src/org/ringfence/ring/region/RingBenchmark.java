package org.ringfence.ring.region;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.Words;

/** What the gateway's side of the rings costs for a message, in real shared memory. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RingBenchmark {
    private static final int MESSAGE = 64;

    private TestRegions regions;
    private StreamFlow flow;
    private MappedRegion source;
    private MappedRegion target;
    private int sourceSlot;
    private int targetSlot;
    private RingOffsets words;
    private long position;
    private PendingSlots pending;

    @Setup
    public void open() {
        regions = new TestRegions();
        source = regions.application;
        target = regions.ins;
        sourceSlot = source.openSlot(2, 1, 0);
        targetSlot = target.openSlot(2, 1, 0);
        words = RingOffsets.of(Direction.OUT);
        flow = new StreamFlow(Direction.OUT, regions.journal);
        flow.bind(3, regions.application, sourceSlot, regions.ins, targetSlot);
        pending = source.pendingToBackend();
    }

    @TearDown
    public void close() {
        regions.close();
    }

    /** From the application's ring, checked, into the INS's, which takes it. */
    @Benchmark
    public long message() throws ProtocolViolation {
        position += MESSAGE;
        Words.setRelease(source.memory, source.at(sourceSlot) + words.tail(), position);
        long moved = flow.move();
        Words.setRelease(target.memory, target.at(targetSlot) + words.head(), position);
        if (flow.moved() != position) {
            throw new IllegalStateException(flow.moved() + " of " + position + " bytes moved");
        }
        return moved;
    }

    /** A slot's bit, set and taken. */
    @Benchmark
    public int news() {
        pending.set(sourceSlot);
        return pending.take();
    }
}
