package org.ringfence.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Policy;
import org.ringfence.api.policy.Verdict;

/** A chain, a clock that the test moves, and policies that say what they are told to. */
abstract class ChainFixture {
    /** A policy that fails once in so many calls is not quarantined. */
    static final int SELDOM = 20;

    final AtomicLong now = new AtomicLong();
    final AtomicBoolean stopping = new AtomicBoolean();
    final RankedPolicyChain chain = new RankedPolicyChain(now::get, stopping::get);
    final List<String> asked = new ArrayList<>();
    final Connection peer = Peer.of("192.0.2.7");

    final class Saying implements Policy {
        private final String name;
        private final Supplier<Verdict> says;
        int closed;

        Saying(String name, Supplier<Verdict> says) {
            this.name = name;
            this.says = says;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Verdict admit(Connection connection) {
            asked.add(name);
            return says.get();
        }

        @Override
        public void closed(Connection connection) {
            closed++;
        }
    }

    final Saying add(String name, int ranking, long id, Supplier<Verdict> says) {
        Saying policy = new Saying(name, says);
        chain.add(policy, Map.of("service.ranking", ranking, "service.id", id));
        return policy;
    }
}
