package org.ringfence.ssh.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.helpers.MessageFormatter;

class BoundedLogTest {
    private final List<String> lines = new ArrayList<>();
    private long now;
    private final Logger logger = (Logger) Proxy.newProxyInstance(Logger.class.getClassLoader(), new Class<?>[] {Logger.class},
            (proxy, method, arguments) -> {
                Object[] values = arguments[1] instanceof Object[] several ? several : new Object[] {arguments[1], arguments[2]};
                return lines.add(MessageFormatter.arrayFormat((String) arguments[0], values).getMessage()) ? null : null;
            });
    private final BoundedLog log = new BoundedLog(logger, 2, () -> now);

    @Test
    void saysOnceHowManyMoreThereWere() {
        for (int i = 0; i < 5; i++) {
            log.warn("refused {}", i);
        }
        assertEquals(List.of("refused 0", "refused 1"), lines);
        now += TimeUnit.MINUTES.toNanos(1);
        log.warn("refused {}", 5);
        log.warn("refused {}", 6);
        assertEquals(List.of("refused 0", "refused 1", "ssh: 3 more lines like the one before were left out: no more than 2 a minute are written",
                "refused 5", "refused 6"), lines);
    }

    @Test
    void saysNothingMoreAfterAQuietMinute() {
        log.warn("refused {}", 0);
        now += TimeUnit.MINUTES.toNanos(2);
        log.warn("refused {}", 1);
        assertEquals(List.of("refused 0", "refused 1"), lines);
    }
}
