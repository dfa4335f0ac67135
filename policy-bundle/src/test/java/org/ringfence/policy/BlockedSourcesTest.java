package org.ringfence.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Sources that policies want blocked. */
class BlockedSourcesTest {
    private final List<List<String>> batches = Collections.synchronizedList(new ArrayList<>());

    private static String source(int i) {
        return "2001:db8:0:" + Integer.toHexString(i) + "::/64";
    }

    @Test
    void whoLeavesASourceDoesNotWaitForTheList() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (BlockedSources sources = new BlockedSources(batch -> {
            batches.add(batch);
            begun.countDown();
            try {
                go.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                // it is closed
            }
        })) {
            sources.add(source(0));
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            for (int i = 1; i < 1000; i++) {
                sources.add(source(i)); // while the list is being arranged
            }
            go.countDown();
        }
        assertEquals(2, batches.size());
        assertEquals(999, batches.get(1).size());
    }

    @Test
    void whatHasComeIsPassedOnBeforeTheEnd() {
        try (BlockedSources sources = new BlockedSources(batches::add)) {
            sources.add(source(1));
            sources.add(source(2));
        }
        assertEquals(List.of(source(1), source(2)), batches.stream().flatMap(List::stream).toList());
    }

    @Test
    void aListTakesNoMoreSourcesThanItMay() {
        BlockList list = new BlockList(() -> 0);
        List<String> many = new ArrayList<>();
        for (int i = 0; i < BlockList.MOST_SOURCES + 10; i++) {
            many.add(source(i));
        }
        assertEquals(10, list.blockSources(many, 60));
        assertEquals(BlockList.MOST_SOURCES, list.list().size());
        assertEquals(0, list.blockSources(many.subList(0, 5), 60));
        list.block("192.0.2.7", 0); // an administrator's is taken
        assertEquals(BlockList.MOST_SOURCES + 1, list.list().size());
    }

    @Test
    void aSourceIsBlockedWhenItsBlockHasEndedAndAgain() {
        long[] now = {0};
        BlockList list = new BlockList(() -> now[0]);
        assertEquals(0, list.blockSources(List.of("192.0.2.7"), 60));
        now[0] = TimeUnit.SECONDS.toNanos(61);
        assertEquals(List.of(), list.list());
        list.blockSources(List.of("192.0.2.7"), 60);
        assertEquals(60, list.secondsLeft(list.list().get(0)));
        now[0] += TimeUnit.SECONDS.toNanos(10);
        list.blockSources(List.of("192.0.2.7"), 60);
        assertEquals(50, list.secondsLeft(list.list().get(0))); // most of it is left
        now[0] += TimeUnit.SECONDS.toNanos(30);
        list.blockSources(List.of("192.0.2.7"), 60);
        assertEquals(60, list.secondsLeft(list.list().get(0)));
    }
}
