package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.reflect.Proxy;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.ringfence.api.policy.Finding;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Stage;

/** What is normal excuses slow clients within bounds that nobody can move. */
class AbsoluteBoundsTest {
    private static final long SECOND = 1_000_000_000;

    private final SourceLedger sources = new SourceLedger(Settings.of(SourceLedger.Configuration.class, Map.of("sources", 1024)));
    private Listener listener;
    private Peer peer;
    private long id;

    private void normal(long headNanoseconds, long bodyRate) {
        Listener calm = Peer.listener(() -> 0);
        listener = (Listener) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Listener.class}, (proxy, method, arguments) ->
                switch (method.getName()) {
                    case "normalHeadNanoseconds" -> headNanoseconds;
                    case "normalBodyRate" -> bodyRate;
                    default -> method.invoke(calm, arguments);
                });
    }

    private void next() {
        peer = new Peer(++id, new byte[] {(byte) 203, 0, 113, 7});
        peer.listener = listener;
    }

    private Finding head(double seconds, long bytes) {
        next();
        peer.stage = Stage.HEAD;
        peer.stageSince = System.nanoTime() - (long) (seconds * SECOND);
        peer.stageBytes = bytes;
        return new SlowHeaders(sources, Settings.of(SlowHeaders.Configuration.class, Map.of())).inspect(peer);
    }

    private Finding body(int seconds, long rate) {
        next();
        peer.stage = Stage.BODY;
        peer.stageSince = System.nanoTime() - seconds * SECOND;
        peer.inRate = rate;
        return new SlowBody(sources, Settings.of(SlowBody.Configuration.class, Map.of())).inspect(peer);
    }

    @Test
    void whereHeadsAreSlowOneMayBeFourTimesAsOldAsTheBound() {
        normal(3_100_000_000L, 0);
        assertNull(head(39, 100));
        assertNotNull(head(41, 100));
        assertNull(head(41, 41 * 60), "it comes fast enough");
    }

    @Test
    void whereBodiesAreSlowOneMayHaveAQuarterOfTheBound() {
        normal(0, 5);
        assertNull(body(30, 25));
        assertNotNull(body(30, 24));
        assertNotNull(body(30, 1));
    }

    @Test
    void aClientOfABadMobileLineIsWithinThem() {
        normal(2_000_000, 10_000_000);
        assertNull(head(9, 60), "three round trips of 3 s");
        assertNull(head(60, 60 * 375), "a tenth of 30 kbit/s");
        assertNull(body(600, 375));
        assertNull(body(600, 3750));
    }
}
