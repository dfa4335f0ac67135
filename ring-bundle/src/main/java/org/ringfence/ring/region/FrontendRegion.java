package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.api.transport.RegionUsage;
import org.ringfence.ring.layout.HeaderLayout;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/** The region of an INS with the gateway as frontend. A subclass knows how to ring the INS and how to detach it. */
public abstract class FrontendRegion extends MappedRegion implements InsRegion {
    private static final int NETBSD = 2;

    private final CommandRing commands;
    private final ReplyCells cells;
    private final PendingSlots fromIns;
    private final PendingSlots toIns;
    private final String abi;
    private boolean published;

    protected FrontendRegion(SharedMemory shared, int id, String name, int pid) {
        super(shared, id, name, pid);
        commands = commandRing();
        cells = replyCells();
        fromIns = pendingToFrontend();
        toIns = pendingToBackend();
        abi = abi(places());
    }

    protected FrontendRegion(HandoverState from) {
        super(from);
        commands = commandRing().from(from.state("commands"));
        cells = new ReplyCells(memory, places().cellsAt(), from.state("cells"));
        fromIns = pendingToFrontend().from(from.state("fromIns"));
        toIns = pendingToBackend();
        abi = abi(places());
        published = from.flag("published");
    }

    private static String abi(RegionPlaces places) {
        return places.abi() == NETBSD ? "netbsd" : "linux";
    }

    @Override
    protected HandoverState handOver() {
        return super.handOver().put("commands", commands.handOver()).put("cells", cells.handOver()).put("fromIns", fromIns.handOver())
                .put("published", published);
    }

    /** The INS broke the protocol outside of a call that can say so. */
    protected abstract void violated(ProtocolViolation violation);

    @Override
    public String abi() {
        return abi;
    }

    @Override
    public int claimCell() {
        return cells.claim();
    }

    @Override
    public void releaseCell(int cell) {
        cells.release(cell);
    }

    @Override
    public boolean putCall(Call call) {
        try {
            if (!commands.put(call)) {
                return false;
            }
        } catch (ProtocolViolation violation) {
            violated(violation);
            return false;
        }
        if (call.cell >= 0) {
            cells.expect(call.cell, call.callNumber);
        }
        published = true;
        return true;
    }

    @Override
    public int takeAnswer(Answer into) {
        return cells.take(into);
    }

    @Override
    public int takePending() {
        return fromIns.take();
    }

    @Override
    public int state(int slot) {
        return intWord(slot, SlotLayout.STATE);
    }

    @Override
    public int marks(int slot) {
        return intWord(slot, SlotLayout.MARKS);
    }

    @Override
    public int error(int slot) {
        return intWord(slot, SlotLayout.ERROR) & 0xffff;
    }

    @Override
    public int errors(int slot) {
        return intWord(slot, SlotLayout.ERROR) >>> 16;
    }

    @Override
    public int local(int slot, byte[] into, int offset) {
        return name(at(slot) + SlotLayout.LOCAL, into, offset);
    }

    @Override
    public int peer(int slot, byte[] into, int offset) {
        return name(at(slot) + SlotLayout.PEER, into, offset);
    }

    private int name(int at, byte[] into, int offset) {
        int length = Words.getIntAcquire(memory, at);
        if (length <= 0 || length > SlotLayout.MAX_ADDRESS) {
            return 0;
        }
        memory.get(at + SlotLayout.NAME_ADDRESS, into, offset, length);
        return length;
    }

    @Override
    public RegionUsage usage() {
        return usage(commands, HeaderLayout.COMMAND_HEAD, cells.claimedCells(), cells.cells());
    }

    @Override
    public long heartbeat() {
        return Words.getOpaque(memory, HeaderLayout.BACKEND_HEARTBEAT);
    }

    @Override
    public long stackLooks() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_LOOKS);
    }

    @Override
    public long stackCookies() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_COOKIES);
    }

    @Override
    public long stackDropped() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_DROPPED);
    }

    @Override
    public long stackRepeated() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_REPEATED);
    }

    @Override
    public long stackOpened() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_OPENED);
    }

    @Override
    public long stackOverflows() {
        return (long) Words.LONG.getAcquire(memory, HeaderLayout.STACK_OVERFLOWS);
    }

    @Override
    public void nudge() {
        published = true;
    }

    @Override
    public long outGiven(int slot) {
        return word(slot, SlotLayout.OUT_TAIL);
    }

    @Override
    protected void resetOwnWords(int slot) {
        int s = at(slot);
        memory.putLong(s + SlotLayout.OUT_TAIL, 0).putLong(s + SlotLayout.OUT_BASE, 0).putLong(s + SlotLayout.IN_HEAD, 0);
        memory.putLong(s + SlotLayout.OUT_USED, grants(Direction.OUT).used(slot));
        memory.putInt(s + SlotLayout.OUT_BLOCKED, 0).putInt(s + SlotLayout.KICK, 0);
        memory.putLong(s + SlotLayout.OUT_URGENT, 0).putLong(s + SlotLayout.IN_URGENT, 0).putLong(s + SlotLayout.OUT_MORE, 0);
        // The INS resets its words when it executes the call that opens the slot; until then they must not look alive.
        memory.putInt(s + SlotLayout.STATE, 0).putInt(s + SlotLayout.MARKS, 0).putInt(s + SlotLayout.ERROR, 0);
        memory.putLong(s + SlotLayout.IN_TAIL, 0).putLong(s + SlotLayout.IN_BASE, 0).putLong(s + SlotLayout.OUT_HEAD, 0);
        memory.putInt(s + SlotLayout.LOCAL, 0).putInt(s + SlotLayout.PEER, 0).putInt(s + SlotLayout.IN_BLOCKED, 0);
        memory.putLong(s + SlotLayout.IN_USED, grants(Direction.IN).used(slot));
    }

    /** A turn begins: slots that had more than their share in the last one go on. */
    public final void nextTurn() {
        fromIns.nextTurn();
    }

    @Override
    PendingSlots peersNews() {
        return fromIns;
    }

    @Override
    void stamp(int slot) {
        toIns.stamp(slot);
    }

    @Override
    void published(int slot) {
        toIns.set(slot);
        published = true;
    }

    @Override
    void urgent(int slot, long word) {
        Words.setRelease(memory, at(slot) + SlotLayout.OUT_URGENT, word);
    }

    @Override
    void taken(int slot, long free, long size) {
        if (Words.takeFlag(memory, at(slot) + SlotLayout.IN_BLOCKED)) {
            toIns.set(slot);
            published = true;
        }
    }

    /** True if something was published since the last call and the INS sleeps: it has to be rung now. */
    public final boolean mustRing() {
        if (!published) {
            return false;
        }
        published = false;
        VarHandle.fullFence();
        return Words.takeFlag(memory, HeaderLayout.BACKEND_ASLEEP);
    }

    @Override
    protected Direction produced() {
        return Direction.OUT;
    }

    @Override
    protected int asleepField() {
        return HeaderLayout.FRONTEND_ASLEEP;
    }

    @Override
    public boolean hasWork() {
        return cells.any() || fromIns.any();
    }
}
