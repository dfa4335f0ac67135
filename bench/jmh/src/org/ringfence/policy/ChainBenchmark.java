package org.ringfence.policy;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** What the chain itself costs for a connection, with so many policies that have no opinion before the one that has. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ChainBenchmark {
    @Param({"1", "8"})
    public int policies;

    private final RankedPolicyChain chain = new RankedPolicyChain(System::nanoTime);
    private final Connection connection = Peer.of("192.0.2.7");

    @Setup
    public void open() {
        for (int i = 1; i <= policies; i++) {
            Verdict verdict = i == policies ? Verdict.ALLOW : Verdict.PASS;
            chain.add(new Policy() {
                @Override
                public String name() {
                    return "says-" + verdict;
                }

                @Override
                public Verdict admit(Connection asked) {
                    return verdict;
                }
            }, Map.of("service.ranking", policies - i, "service.id", (long) i));
        }
    }

    @Benchmark
    public Verdict admit() {
        Verdict verdict = chain.admit(connection);
        if (verdict != Verdict.ALLOW) {
            throw new IllegalStateException("verdict " + verdict);
        }
        return verdict;
    }
}
