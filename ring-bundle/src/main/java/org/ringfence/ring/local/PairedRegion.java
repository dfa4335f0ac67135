package org.ringfence.ring.local;

import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.region.BackendRegion;

/**
 * The region of an application on this machine, which is told what there is through readiness pairs (docs/readiness.md). Which end a socket has, and when the
 * application has closed it, is a subclass's matter.
 */
abstract class PairedRegion extends BackendRegion {
    final EventPort port;
    final SlotFlags flags;
    final ReadinessPairs pairs;
    final BatchActions actions;

    PairedRegion(EventPort port, SharedMemory shared, int id, String name, int pid) {
        super(shared, id, name, pid);
        this.port = port;
        actions = new BatchActions();
        flags = new SlotFlags(new int[rows()]);
        pairs = new ReadinessPairs(id, rows(), port, flags, actions);
    }

    /** Goes on where another version stopped; what the port watches it goes on watching. */
    PairedRegion(EventPort port, HandoverState from) {
        super(from);
        this.port = port;
        actions = new BatchActions(from.state("actions"));
        flags = new SlotFlags(from.numbers("flags"));
        pairs = new ReadinessPairs(id(), port, flags, actions, from);
    }

    @Override
    protected HandoverState handOver() {
        HandoverState all = super.handOver().put("flags", flags.bits()).put("actions", actions.handOver());
        pairs.save(all);
        return all;
    }

    @Override
    protected void grow(int rows) {
        super.grow(rows);
        flags.grow(rows);
        pairs.grow(rows);
    }

    @Override
    protected void tellReadable(int slot) {
        if (pairs.isKnown(slot)) {
            pairs.packet(slot, generation(slot), shared.address() + at(slot));
            wakesSent++;
        } else {
            flags.set(slot, SlotFlags.OWED);
        }
    }

    @Override
    protected void remindReadable(int slot) {
        if (pairs.isKnown(slot)) {
            pairs.reminder(slot, generation(slot), shared.address() + at(slot));
        }
    }

    @Override
    protected void tellWritable(int slot, boolean always) {
        flags.clear(slot, SlotFlags.HAS_PACKETS | SlotFlags.HAD_PACKETS);
        if (pairs.isKnown(slot)) {
            pairs.drain(slot, generation(slot), always ? 0 : shared.address() + at(slot));
        }
    }

    @Override
    protected void tellMarks(int slot, int marks) {
        pairs.show(slot, generation(slot), marks);
    }

    @Override
    protected void tellAnswered(int offset) {
        port.wake(shared.address() + offset);
        wakesSent++;
    }

    @Override
    protected void watchRoom(int slot, boolean room) {
        if (flags.any(slot, SlotFlags.HAS_PACKETS)) {
            watchfully(slot);
            if (room && flags.any(slot, SlotFlags.HAD_PACKETS)) {
                tellWritable(slot, true);
            } else if (room) {
                flags.set(slot, SlotFlags.HAD_PACKETS);
            }
        }
    }

    /** Does to a pair what happened while its end was not known. */
    final void catchUp(int slot) {
        if (flags.take(slot, SlotFlags.OWED)) {
            pairs.packet(slot, generation(slot), shared.address() + at(slot));
        }
        tellMarks(slot, marks(slot));
    }

    /** Of a closed socket all that is there goes: nobody may be left to tell of it. */
    @Override
    protected boolean isLate(int slot) {
        return !flags.any(slot, SlotFlags.CLOSED) && super.isLate(slot);
    }
}
