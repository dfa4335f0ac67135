package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.ringfence.api.policy.Evidence;
import org.ringfence.api.policy.HoldRule;

/** A server that writes its answers under TCP_CORK, and clears it when the gateway has carried them on. */
class CorkedTest extends ServedRequests {
    /** Half of what the stack waits for bytes that do not come. */
    private static final long PROMPT_NANOSECONDS = 100_000_000;
    private static final String REQUEST = "GET /corked HTTP/1.1\r\n\r\n";

    @ParameterizedTest
    @EnumSource(value = Evidence.class, names = {"AUTO", "DATA", "HTTP_REQUEST", "NONE"})
    void anAnswerIsSentWhenNothingIsToFollow(Evidence evidence) throws IOException {
        serve(new HoldRule(evidence, 65536, 262144, 60_000, 60_000, 60_000, 60_000, 100, 1 << 20, 0, 1 << 20, 256 << 20, true, true), "http");
        Socket client = connect();
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < 10 && shortest > PROMPT_NANOSECONDS; i++) { // a machine that is busy is late
            long sent = System.nanoTime();
            send(client, REQUEST);
            assertAnswered(client);
            shortest = Math.min(shortest, System.nanoTime() - sent);
        }
        assertTrue(shortest < PROMPT_NANOSECONDS, "answered after " + shortest / 1_000_000 + " ms");
    }
}
