package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.ringfence.api.call.Answer;

class AcceptOrderTest {
    private final AcceptOrder order = new AcceptOrder(4, 2);
    private final Answer answer = new Answer();

    private Answer answered(int error, int first) {
        answer.set(error, 0);
        answer.payload[0] = (byte) first;
        answer.payloadLength = 2;
        return answer;
    }

    @Test
    void whatComesInOrderIsNotHeld() {
        for (int i = 0; i < 10; i++) {
            long number = order.post();
            assertTrue(order.isNext(number));
            assertEquals(-1, order.takeNext(answer));
            assertEquals(0, order.underWay());
        }
    }

    @Test
    void anAnswerWaitsForItsPredecessorsAndKeepsWhatItSays() {
        long first = order.post();
        long second = order.post();
        assertFalse(order.isNext(second));
        order.hold(second, 22, answered(5, 77));
        assertEquals(2, order.underWay());
        answered(0, 0);
        assertTrue(order.isNext(first));
        assertEquals(22, order.takeNext(answer));
        assertEquals(5, answer.error);
        assertEquals(77, answer.payload[0]);
        assertEquals(2, answer.payloadLength);
        assertEquals(-1, order.takeNext(answer));
        assertEquals(0, order.underWay());
    }

    @Test
    void anyOrderOfAnswersIsDeliveredInTheOrderOfThePosts() {
        Random random = new Random(1);
        List<Integer> delivered = new ArrayList<>();
        List<Integer> expected = new ArrayList<>();
        for (int round = 0; round < 500; round++) {
            List<Long> posted = new ArrayList<>();
            while (order.underWay() < 4) {
                expected.add((int) (long) order.post());
                posted.add((long) expected.get(expected.size() - 1));
            }
            Collections.shuffle(posted, random);
            for (long number : posted) {
                if (order.isNext(number)) {
                    delivered.add((int) number);
                    for (int slot; (slot = order.takeNext(answer)) >= 0; ) {
                        delivered.add(slot);
                    }
                } else {
                    order.hold(number, (int) number, answered(0, 0));
                }
            }
        }
        assertEquals(expected, delivered);
    }

    @Test
    void anotherListenerBeginsAnew() {
        order.post();
        order.hold(order.post(), 1, answered(0, 0));
        order.reset();
        assertEquals(0, order.underWay());
        assertTrue(order.isNext(order.post()));
        assertEquals(-1, order.takeNext(answer));
    }
}
