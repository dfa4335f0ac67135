package org.ringfence.management.jmx;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.ringfence.api.gateway.ConnectionReport;
import org.ringfence.api.gateway.InsReport;
import org.ringfence.api.gateway.LatencyReport;
import org.ringfence.api.gateway.RingReport;
import org.ringfence.api.policy.PolicyReport;

/** The MBeans: each finds its row in a snapshot whenever an attribute is read. */
final class Beans {
    private Beans() {
    }

    private static <T> T find(Snapshot<T> snapshot, Predicate<T> which, String what) {
        return snapshot.rows().stream().filter(which).findFirst().orElseThrow(() -> new IllegalStateException(what + " is gone"));
    }

    /** What MBeans read. */
    record Sources(Snapshot<RingReport> rings, Snapshot<InsReport> inss, Snapshot<PolicyReport> policies, Snapshot<ConnectionReport> connections,
            Snapshot<LatencyReport> latencies, Snapshot<Long> calls) {
    }

    record GatewayBean(Sources sources) implements GatewayMXBean {
        @Override
        public boolean isReady() {
            return !sources.inss.rows().isEmpty() && !sources.policies.rows().isEmpty();
        }

        @Override
        public long getCalls() {
            return sources.calls.rows().get(0);
        }

        @Override
        public int getApplications() {
            return (int) sources.rings.rows().stream().filter(r -> r.peer().equals("application")).count();
        }

        @Override
        public int getOpenConnections() {
            List<String> over = List.of("ended", "refused");
            return (int) sources.connections.rows().stream().filter(c -> !over.contains(c.state())).count();
        }

        @Override
        public Map<String, Long> getMedianLatencies() {
            return latencies(LatencyReport::p50);
        }

        @Override
        public Map<String, Long> getPercentile99Latencies() {
            return latencies(LatencyReport::p99);
        }

        private Map<String, Long> latencies(ToLongFunction<LatencyReport> percentile) {
            Map<String, Long> byStage = new LinkedHashMap<>();
            sources.latencies.rows().forEach(row -> byStage.put(row.stage(), percentile.applyAsLong(row)));
            return byStage;
        }
    }

    record RingBean(Snapshot<RingReport> rings, int region) implements RingMXBean {
        private RingReport row() {
            return find(rings, r -> r.region() == region, "region " + region);
        }

        @Override
        public String getPeer() {
            return row().peer();
        }

        @Override
        public String getName() {
            return row().name();
        }

        @Override
        public int getPid() {
            return row().pid();
        }

        @Override
        public int getOpenSlots() {
            return row().usage().openSlots();
        }

        @Override
        public int getSlots() {
            return row().usage().slots();
        }

        @Override
        public int getCommandsWaiting() {
            return row().usage().commandsWaiting();
        }

        @Override
        public int getCommands() {
            return row().usage().commands();
        }

        @Override
        public long getPoolUsedBytes() {
            return row().usage().poolUsed();
        }

        @Override
        public long getPoolBytes() {
            return row().usage().poolBytes();
        }

        @Override
        public long getWakesSentPerSecond() {
            return row().wakesSentPerSecond();
        }

        @Override
        public long getWakesReceivedPerSecond() {
            return row().wakesReceivedPerSecond();
        }
    }

    record InsBean(Snapshot<InsReport> inss, int region) implements InsMXBean {
        private InsReport row() {
            return find(inss, i -> i.region() == region, "INS of region " + region);
        }

        @Override
        public int getPid() {
            return row().pid();
        }

        @Override
        public String getAbi() {
            return row().abi();
        }

        @Override
        public int getSockets() {
            return row().sockets();
        }

        @Override
        public int getConnections() {
            return row().connections();
        }

        @Override
        public long getBytesInPerSecond() {
            return row().bytesInPerSecond();
        }

        @Override
        public long getBytesOutPerSecond() {
            return row().bytesOutPerSecond();
        }

        @Override
        public long getSilentMilliseconds() {
            return row().silentMilliseconds();
        }
    }

    record PolicyBean(Snapshot<PolicyReport> policies, String name) implements PolicyMXBean {
        private PolicyReport row() {
            return find(policies, p -> p.name().equals(name), "policy " + name);
        }

        @Override
        public int getRanking() {
            return row().ranking();
        }

        @Override
        public long getAsked() {
            return row().asked();
        }

        @Override
        public long getAllowed() {
            return row().allowed();
        }

        @Override
        public long getRefused() {
            return row().refused();
        }

        @Override
        public long getNanoseconds() {
            return row().nanoseconds();
        }
    }
}
