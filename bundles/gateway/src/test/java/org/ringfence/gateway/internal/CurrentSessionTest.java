package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.ringfence.api.transport.TransportSession;

/** Other threads wake a session that is being closed: its descriptor may be another one's a moment later. */
class CurrentSessionTest {
    private static final long LONG = 20;
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());
    private final CurrentSession current = new CurrentSession();
    private Runnable whileWaking = () -> { };
    private Runnable whileClosing = () -> { };

    CurrentSessionTest() {
        current.exchange((TransportSession) Proxy.newProxyInstance(TransportSession.class.getClassLoader(), new Class<?>[] {TransportSession.class},
                (proxy, method, arguments) -> {
                    (method.getName().equals("wake") ? whileWaking : whileClosing).run();
                    done.add(method.getName());
                    return null;
                }));
    }

    @Test
    void whoeverWakesASessionThatIsBeingClosedWakesNobody() {
        whileClosing = current::wake;
        current.close();
        assertEquals(List.of("close"), done);
        assertFalse(current.isThere());
    }

    @Test
    void aSessionIsClosedWhenNobodyIsWakingItAnyMore() throws InterruptedException {
        CountDownLatch waking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        whileWaking = () -> {
            waking.countDown();
            await(goOn);
        };
        Thread other = new Thread(current::wake);
        other.start();
        await(waking);
        Thread closing = new Thread(current::close);
        closing.start();
        RunningGateway.await("the one waits for the other, or has not waited", () -> closing.getState() == Thread.State.BLOCKED || !closing.isAlive());
        goOn.countDown();
        other.join();
        closing.join();
        assertEquals(List.of("wake", "close"), done);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertEquals(true, latch.await(LONG, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
