package org.ringfence.ring.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.SocketState;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** When an application is told something, by docs/readiness.md. */
class ReadinessTest {
    private final TestRegions regions = new TestRegions();
    private final TestRegions.Application application = regions.application;
    private final int slot = application.openSlot(2, 1, 0);
    private final int at = application.at(slot);
    private final StreamFlow inward = new StreamFlow(Direction.IN, regions.journal);
    private FarProducer network;
    private FarConsumer program;

    @BeforeEach
    void connect() {
        int insSlot = regions.ins.openSlot(2, 1, 0);
        inward.bind(0, application, slot, regions.ins, insSlot);
        network = new FarProducer(regions.ins, insSlot, RingOffsets.IN);
        program = new FarConsumer(application, slot, RingOffsets.IN);
        application.connected(slot);
        application.news();
    }

    @AfterEach
    void close() {
        regions.close();
    }

    private void receive(int bytes) throws ProtocolViolation {
        network.produce(bytes);
        inward.move();
    }

    private void setFlag(int offset) {
        Words.setIntRelease(application.memory, at + offset, 1);
    }

    private int flag(int offset) {
        return Words.getIntAcquire(application.memory, at + offset);
    }

    private void programHasNews() {
        application.pendingToBackend().set(slot);
        assertEquals(slot, application.takePending());
    }

    private void send(long bytes) {
        Words.setRelease(application.memory, at + SlotLayout.OUT_TAIL, bytes);
    }

    @Test
    void theFirstBytesAreToldWithOnePacket() throws ProtocolViolation {
        receive(10);
        assertEquals(List.of("readable " + slot), application.news());
    }

    @Test
    void furtherBytesNeedNoPacketWhileTheProgramHasTakenNothing() throws ProtocolViolation {
        receive(10);
        application.news();
        receive(10);
        receive(10);
        assertEquals(List.of(), application.news());
    }

    @Test
    void furtherBytesAreToldToWhoMayWaitForTheEdge() throws ProtocolViolation {
        Words.setIntRelease(application.memory, at + SlotLayout.ARMED, -1);
        receive(10);
        application.news();
        receive(10);
        assertEquals(List.of("readable " + slot), application.news());
        Words.setIntRelease(application.memory, at + SlotLayout.ARMED, 1);
        setWatcher(2 * 1234);
        receive(10);
        assertEquals(List.of(), application.news(), "it is awake and sees the bit");
        setWatcher(2 * 1234 + 1);
        receive(10);
        assertEquals(List.of("readable " + slot), application.news(), "it sleeps");
    }

    private void setWatcher(int word) {
        Words.setIntRelease(application.memory, HeaderLayout.ANSWERED + Integer.BYTES, word);
    }

    @Test
    void bytesAfterTheProgramHasTakenSomeAreToldAgain() throws ProtocolViolation {
        receive(10);
        program.consume(4);
        application.news();
        receive(10);
        assertEquals(List.of("readable " + slot), application.news());
    }

    @Test
    void aKickGetsAPacketIfThereAreBytes() throws ProtocolViolation {
        receive(10);
        application.news();
        setFlag(SlotLayout.KICK);
        programHasNews();
        assertEquals(List.of("readable " + slot), application.news());
        assertEquals(0, flag(SlotLayout.KICK));
    }

    @Test
    void aKickGetsNoPacketIfThereAreNone() {
        setFlag(SlotLayout.KICK);
        programHasNews();
        assertEquals(List.of(), application.news());
        assertEquals(0, flag(SlotLayout.KICK));
    }

    @Test
    void aBlockedSenderIsToldOnlyWhenHalfOfTheRingIsFree() {
        setFlag(SlotLayout.OUT_BLOCKED);
        application.taken(slot, 2047, 4096);
        assertEquals(List.of(), application.news());
        assertEquals(1, flag(SlotLayout.OUT_BLOCKED));
        application.taken(slot, 2048, 4096);
        assertEquals(List.of("room " + slot), application.news());
        assertEquals(0, flag(SlotLayout.OUT_BLOCKED));
    }

    @Test
    void aSenderThatIsToMoveToAnotherRingIsToldWhenItsRingIsEmpty() {
        application.grants(Direction.OUT).grow(slot, Grant.MAX_ORDER);
        setFlag(SlotLayout.OUT_BLOCKED);
        application.taken(slot, 4095, 4096);
        send(1);
        programHasNews();
        application.roomAtLastWatch = true;
        application.watchfully(slot);
        application.watch();
        assertEquals(List.of(), application.news(), "it produces nothing before its ring is empty");
        assertFalse(application.roomAtLastWatch);
        application.taken(slot, 4096, 4096);
        assertEquals(List.of("room " + slot), application.news());
    }

    @Test
    void aSenderThatIsNotBlockedIsNotTold() {
        application.taken(slot, 4096, 4096);
        assertEquals(List.of(), application.news());
    }

    @Test
    void aSenderThatBlocksTooLateIsToldWhenItRings() {
        setFlag(SlotLayout.OUT_BLOCKED);
        send(8193);
        programHasNews();
        assertEquals(List.of(), application.news(), "less than half is free");
        send(8192);
        programHasNews();
        assertEquals(List.of("room " + slot), application.news());
    }

    @Test
    void theWatchdogSendsAPacketToWhoHasTakenNothingBetweenTwoLooks() throws ProtocolViolation {
        receive(10);
        application.news();
        application.watch();
        assertEquals(List.of(), application.news());
        assertTrue(application.isWatchful());
        application.watch();
        assertEquals(List.of("readable " + slot), application.news());
    }

    @Test
    void whereAPacketMayLieTheWatchdogRemindsTwiceAndSendsOneAfterASecond() throws ProtocolViolation {
        receive(10);
        Words.setIntRelease(application.memory, at + SlotLayout.TOLD, 1);
        application.news();
        List<String> reminded = List.of("reminded " + slot);
        application.watch();
        assertEquals(List.of(), application.news(), "the first look only remembers");
        application.watch();
        assertEquals(reminded, application.news());
        application.watch();
        assertEquals(reminded, application.news());
        int looks = 3;
        for (; looks < 100 && application.told.isEmpty(); looks++) {
            application.watch();
        }
        assertEquals(21, looks, "20 looks of 50 ms after the first");
        assertEquals(List.of("readable " + slot), application.news());
        for (int look = 0; look < 100; look++) {
            application.watch();
        }
        assertEquals(List.of(), application.news());
    }

    @Test
    void theWatchdogLeavesAloneWhoTakesBytes() throws ProtocolViolation {
        receive(100);
        application.news();
        for (int i = 0; i < 10; i++) {
            application.watch();
            program.consume(1);
        }
        assertEquals(List.of(), application.news());
    }

    @Test
    void theWatchdogRestsWhenNothingIsUnread() throws ProtocolViolation {
        receive(10);
        program.consume(10);
        application.watch();
        assertFalse(application.isWatchful());
    }

    @Test
    void aConnectionMakesTheSocketWritable() {
        int other = application.openSlot(2, 1, 0);
        application.connecting(other);
        Words.setIntRelease(application.memory, application.at(other) + SlotLayout.OUT_BLOCKED, 1);
        assertEquals(List.of(), application.news());
        application.connected(other);
        assertEquals(List.of("writable " + other), application.news());
        assertEquals(0, Words.getIntAcquire(application.memory, application.at(other) + SlotLayout.OUT_BLOCKED));
    }

    @Test
    void endOfFileIsToldOnce() {
        application.endOfFile(slot);
        application.endOfFile(slot);
        assertEquals(List.of("marks " + slot + " " + SocketState.IN_EOF), application.news());
        assertEquals(SocketState.IN_EOF, flag(SlotLayout.MARKS));
    }

    @Test
    void aFailureIsWrittenBeforeItIsTold() {
        application.failed(slot, 104);
        assertEquals(1 << 16 | 104, flag(SlotLayout.ERROR));
        assertEquals(SocketState.FAILED, flag(SlotLayout.STATE));
        assertEquals(List.of("writable " + slot, "marks " + slot + " 7"), application.news());
    }

    @Test
    void anAttemptThatFailedIsToldWithoutAnEnd() {
        application.attemptFailed(slot, 111);
        assertEquals(1 << 16 | 111, flag(SlotLayout.ERROR));
        assertEquals(SocketState.FAILED, flag(SlotLayout.STATE));
        assertEquals(SocketState.RESET, flag(SlotLayout.MARKS));
        assertEquals(List.of("marks " + slot + " " + SocketState.RESET, "writable " + slot, "readable " + slot, "readable " + slot),
                application.news());
    }

    @Test
    void anAttemptThatIsDissolvedLeavesNothingBehind() {
        application.attemptFailed(slot, 111);
        application.dissolved(slot);
        assertEquals(SocketState.OPEN, flag(SlotLayout.STATE));
        assertEquals(0, flag(SlotLayout.MARKS));
        application.news();
        application.connecting(slot);
        application.connected(slot);
        application.endOfFile(slot);
        assertEquals(List.of("writable " + slot, "marks " + slot + " " + SocketState.IN_EOF), application.news());
    }

    @Test
    void theErrorOfAFormerSocketIsNotTheNextOnes() {
        application.failed(slot, 104);
        application.freeSlot(slot);
        assertEquals(slot, application.openSlot(2, 1, 0));
        assertEquals(0, flag(SlotLayout.ERROR) & 0xffff);
        assertEquals(flag(SlotLayout.ERROR) >>> 16, flag(SlotLayout.ERROR_TAKEN));
    }

    @Test
    void aSlotsGenerationIsOddWhileItIsInUseAndCallsWithAnotherAreNotTaken() {
        int generation = application.generation(slot);
        assertEquals(1, generation & 1);
        assertEquals(generation, flag(SlotLayout.GENERATION));
        assertTrue(application.isOpen(slot, generation));
        application.freeSlot(slot);
        assertEquals(generation + 1, flag(SlotLayout.GENERATION));
        assertFalse(application.isOpen(slot, generation));
        assertFalse(application.isOpen(slot, generation + 1));
        assertFalse(application.isOpen(-1, generation));
        assertFalse(application.isOpen(TestRegions.SLOTS, generation));
    }

    @Test
    void theSlotFreedLastIsOpenedFirstAndAllCanBeOpened() {
        int second = application.openSlot(2, 1, 0);
        application.openSlot(2, 1, 0);
        application.freeSlot(second);
        assertEquals(second, application.openSlot(2, 1, 0));
        while (application.openSlots() < TestRegions.SLOTS) {
            assertTrue(application.openSlot(2, 1, 0) >= 0);
        }
        assertEquals(-1, application.openSlot(2, 1, 0));
    }
}
