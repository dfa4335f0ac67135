package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** Which slot of an application is told of an urgent byte of a connection that goes on with another one. */
class UrgentTest {
    private static final int BYTE = 'u';
    private static final int RECORD = 3;
    private final TestRegions regions = new TestRegions();
    private final TestRegions.Application application = regions.application;
    private final int insSlot = regions.ins.openSlot(2, 1, 0);
    private final int slot = application.openSlot(2, 1, 0);
    private final int next = application.openSlot(2, 1, 0);
    private final FarProducer producer = new FarProducer(regions.ins, insSlot, RingOffsets.IN);
    private StreamFlow flow = new StreamFlow(Direction.IN, regions.journal);

    {
        flow.bind(RECORD, application, slot, regions.ins, insSlot);
    }

    @AfterEach
    void close() {
        regions.close();
    }

    private static long word(long position) {
        return position + 1 << 8 | BYTE;
    }

    private long told(int of) {
        return Words.getAcquire(application.memory, application.at(of) + SlotLayout.IN_URGENT);
    }

    /** Ten bytes come, of which one is urgent. */
    private void tenBytes(long urgentPosition) throws ProtocolViolation {
        Words.setRelease(regions.ins.memory, regions.ins.at(insSlot) + SlotLayout.IN_URGENT, word(urgentPosition));
        producer.produce(10);
        assertEquals(10, flow.move());
    }

    private void goOnWithTheNext() throws ProtocolViolation {
        flow.rebind(application, next);
        flow.release(Long.MAX_VALUE);
        producer.produce(10);
        assertEquals(10, flow.move());
    }

    @Test
    void oneThatWasShownIsNotToldOfAgain() throws ProtocolViolation {
        tenBytes(4);
        assertEquals(word(4), told(slot));
        goOnWithTheNext();
        assertEquals(0, told(next));
    }

    @Test
    void neitherIsItByTheNextVersion() throws ProtocolViolation {
        tenBytes(4);
        goOnWithTheNext();
        long[] position = flow.position();
        flow = new StreamFlow(Direction.IN, regions.journal);
        flow.resume(position, RECORD, application, next, regions.ins, insSlot);
        producer.produce(10);
        assertEquals(10, flow.move());
        assertEquals(0, told(next));
    }

    @Test
    void oneThatIsHeldGoesAlong() throws ProtocolViolation {
        flow.release(6);
        tenBytes(8);
        assertEquals(0, told(slot));
        goOnWithTheNext();
        assertEquals(word(2), told(next));
    }

    @Test
    void oneThatIsYetToComeIsTheNextOnes() throws ProtocolViolation {
        flow.release(10);
        tenBytes(14);
        assertEquals(0, told(slot));
        goOnWithTheNext();
        assertEquals(word(4), told(next));
    }

    @Test
    void theNextOneOfTheConnectionIsToldOf() throws ProtocolViolation {
        tenBytes(4);
        goOnWithTheNext();
        tenBytes(25);
        assertEquals(word(15), told(next));
    }
}
