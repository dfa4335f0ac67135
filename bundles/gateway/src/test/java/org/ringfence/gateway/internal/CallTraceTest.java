package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.policy.Verdict;

/** What is kept of calls that are answered late: there are fewer rows than calls may be under way. */
class CallTraceTest {
    private static final int MORE_THAN_ROWS = 5000;
    private final CallTrace trace = new CallTrace(new Stages());

    private long take(Operation operation) {
        return trace.take("any", new Call().clear(operation, 1, 1));
    }

    /** Takes a CONNECT, and after it so many calls that its row is another one's. */
    private long overwritten() {
        long connect = take(Operation.CONNECT);
        for (int i = 0; i < MORE_THAN_ROWS; i++) {
            take(Operation.GETSOCKOPT);
        }
        return connect;
    }

    private List<CallReport> all() {
        return CallTrace.report(trace.last(MORE_THAN_ROWS));
    }

    @Test
    void anAnswerIsInTheRowOfItsCall() {
        long first = take(Operation.CONNECT);
        take(Operation.GETSOCKOPT);
        trace.answer(first, Errno.ECONNREFUSED, -1);
        assertEquals(List.of("connect ECONNREFUSED", "getsockopt "), all().stream().map(row -> row.name() + " " + row.error()).toList());
    }

    @Test
    void anAnswerToACallThatIsOverwrittenIsInNoRow() {
        trace.answer(overwritten(), Errno.ECONNREFUSED, -1);
        assertEquals(0, all().stream().filter(row -> !row.error().isEmpty() || row.completion() != 0).count());
    }

    @Test
    void aVerdictOnACallThatIsOverwrittenIsInNoRow() {
        trace.judged(overwritten(), Verdict.REFUSE, "any");
        assertEquals(0, all().stream().filter(row -> !row.verdict().isEmpty()).count());
    }

    @Test
    void anAnswerThatIsInNoRowIsMissingInTheCountOfAnswers() {
        long late = overwritten();
        trace.answer(late, 0, 0);
        trace.answer(take(Operation.LISTEN), 0, 0);
        assertEquals(2, trace.answers());
        assertEquals(List.of(2L), CallTrace.report(trace.answeredAfter(0)).stream().map(CallReport::completion).toList());
    }
}
