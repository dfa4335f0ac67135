package org.ringfence.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.PolicyChain;
import org.ringfence.api.policy.PolicyEvent;
import org.ringfence.api.policy.PolicyReport;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Verdict;

class PoliciesCommandTest {
    /** A chain that only reports. */
    private record Reporting(List<PolicyReport> report) implements PolicyChain {
        @Override
        public HoldRule hold(Connection connection) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Measure request(Connection connection, Request request) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Measure inspect(Connection connection) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean decided(Connection connection, Measure measure, String evidence) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<PolicyEvent> events(int limit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Verdict admit(Connection connection) {
            return Verdict.REFUSE;
        }

        @Override
        public String decidedBy() {
            return "none";
        }

        @Override
        public void closed(Connection connection) {
        }
    }

    @Test
    void showsWhatEachPolicyHasDoneInTheOrderOfTheChain() {
        PolicyChain chain = new Reporting(List.of(new PolicyReport("block", 1000, 4, 0, 1, 800), new PolicyReport("allow", -1000, 3, 3, 0, 0)));
        assertEquals("""
                POLICY  RANKING  ASKED  ALLOWED  REFUSED  PASSED  NS/CALL
                block      1000      4        0        1       3      200
                allow     -1000      3        3        0       0        0""", new PoliciesCommand(chain).policies());
    }

    @Test
    void saysWhatAnEmptyChainMeans() {
        assertEquals("no policy: every connection is refused", new PoliciesCommand(new Reporting(List.of())).policies());
    }
}
