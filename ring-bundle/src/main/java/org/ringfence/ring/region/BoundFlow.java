package org.ringfence.ring.region;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.ring.layout.Grant;
import org.ringfence.ring.layout.SlotLayout;
import org.ringfence.ring.layout.Words;

/**
 * One direction of a socket between two rings: which two they are, how far it has come, and where in them. The counters this side writes
 * are fields; the shared words are written from them and never read back, but for what more awaits: a version that goes on finds it there.
 */
abstract class BoundFlow implements Flow {
    /** Index in a position: 1 if the flow is bound. */
    private static final int BOUND = 4;
    private static final int SHOWN = 5;
    private static final int RELEASED = 6;
    /** Bits of the byte itself in an urgent word, {@code rf_urgent}. */
    static final int URGENT_BYTE = 8;

    final Direction direction;
    final RingOffsets offsets;
    final Journal journal;

    MappedRegion source;
    int sourceSlot;
    ByteBuffer sourceMemory;
    int sourceAt;
    long taken;

    MappedRegion target;
    int targetSlot;
    ByteBuffer targetMemory;
    int targetAt;
    long given;
    long base;
    /** Position up to which the target's consumer may see bytes, and up to which it does. */
    long released;
    long shown;
    boolean growing;
    int mostOrder;
    /** The source's urgent byte that the target knows; a flow that goes on where another stopped passes it on again. */
    long urgent;

    int record;

    BoundFlow(Direction direction, Journal journal) {
        this.direction = direction;
        this.journal = journal;
        offsets = RingOffsets.of(direction);
    }

    @Override
    public void bind(int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        journal.associate(journalRecord, application, applicationSlot, ins, insSlot);
        connect(journalRecord, application, applicationSlot, ins, insSlot);
        taken = 0;
        given = 0;
        base = 0;
        shown = 0;
        released = Long.MAX_VALUE;
        growing = true;
        mostOrder = Grant.MAX_ORDER;
        urgent = 0;
        Words.setOpaque(targetMemory, targetAt + offsets.used(), target.grants(direction).used(targetSlot));
    }

    @Override
    public void resume(long[] position, int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        taken = position[0];
        given = position[1];
        base = position[2];
        boolean holds = position.length > SHOWN; // older versions held nothing
        shown = holds ? position[SHOWN] : given;
        released = holds ? position[RELEASED] : Long.MAX_VALUE;
        growing = true;
        mostOrder = Grant.MAX_ORDER;
        urgent = 0;
        if (position[BOUND] != 0 && ins != null && applicationSlot >= 0) { // else only its count is still of interest
            connect(journalRecord, application, applicationSlot, ins, insSlot);
            target.holds(targetSlot, given != shown);
        }
    }

    @Override
    public long[] position() {
        return new long[] {taken, given, base, moved(), source == null ? 0 : 1, shown, released};
    }

    private void connect(int journalRecord, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        record = journalRecord;
        boolean inwards = direction == Direction.IN;
        source = (MappedRegion) (inwards ? ins : application);
        sourceSlot = inwards ? insSlot : applicationSlot;
        target = (MappedRegion) (inwards ? application : ins);
        targetSlot = inwards ? applicationSlot : insSlot;
        sourceMemory = source.memory;
        sourceAt = source.at(sourceSlot);
        targetMemory = target.memory;
        targetAt = target.at(targetSlot);
    }

    @Override
    public void unbind() {
        source = null;
        target = null;
        sourceMemory = null;
        targetMemory = null;
        taken = 0;
        given = 0;
        shown = 0;
    }

    @Override
    public long moved() {
        return taken;
    }

    @Override
    public boolean isDrained() {
        return Words.getAcquire(sourceMemory, sourceAt + offsets.tail()) == taken;
    }

    final void put(int at, byte[] bytes, int length) {
        targetMemory.put(at, bytes, 0, length);
    }

    @Override
    public long held() {
        return given - shown;
    }

    @Override
    public long unread() {
        if (targetMemory == null) {
            return 0;
        }
        long unread = shown - Words.getAcquire(targetMemory, targetAt + offsets.head());
        return Math.max(0, Math.min(unread, Grant.bytes(target.grants(direction).used(targetSlot))));
    }

    @Override
    public long given() {
        return given;
    }

    /** Copies bytes that the target's consumer has not been shown. */
    final void peek(long from, byte[] into, int length) {
        int ahead = (int) (from - given);
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, targetRun(ahead + done));
            targetMemory.get(targetAt(ahead + done), into, done, n);
            done += n;
        }
    }

    @Override
    public void look(int ahead, byte[] into, int length) {
        long sourceBase = sourceBase();
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, sourceRun(ahead + done, sourceBase));
            sourceMemory.get(sourceAt(ahead + done, sourceBase), into, done, n);
            done += n;
        }
    }

    // ---- bytes that await more ----

    /** Tells the target's consumer whether what it is shown awaits more, in its positions. */
    final void tellMore() {
        long told = more();
        if (Words.getOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE) != told) {
            Words.setOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE, told);
        }
    }

    private long more() {
        long is = Words.getOpaque(sourceMemory, sourceAt + SlotLayout.OUT_MORE);
        long position = is & ~(SlotLayout.MORE_ALL | SlotLayout.MORE_IN_STACK);
        if ((is & SlotLayout.MORE_ALL) == 0) {
            return position == taken ? shown : 0;
        }
        long behind = taken - position;
        return behind <= 0 ? 0 : SlotLayout.MORE_ALL | Math.max(0, shown - behind);
    }

    /** If the source has nothing more, and says that nothing is to follow what the target's consumer may keep for it, that is told. */
    final void pushIfOver() {
        if (Words.getOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE) != 0 && isDrained() && more() == 0) {
            push();
        }
    }

    /** Nothing follows what the target's consumer was shown: if it keeps that for more, it is told. */
    final void push() {
        if (Words.getOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE) != 0) {
            Words.setOpaque(targetMemory, targetAt + SlotLayout.OUT_MORE, 0);
            VarHandle.fullFence();
            target.published(targetSlot);
        }
    }

    @Override
    public void rebind(ApplicationRegion application, int applicationSlot) {
        if (direction == Direction.OUT) {
            push(); // who could say so has the old slot
            source = (MappedRegion) application;
            sourceSlot = applicationSlot;
            sourceMemory = source.memory;
            sourceAt = source.at(sourceSlot);
            taken = 0;
            urgent = 0;
            journal.rebound(record, application, applicationSlot);
            return;
        }
        int held = (int) (given - shown);
        long news = sourceUrgent();
        boolean urgentShown = behindUrgent(news) <= shown;
        RingGrants grants = ((MappedRegion) application).grants(direction);
        if (held > Grant.bytes(grants.used(applicationSlot))) {
            grants.growTo(applicationSlot, held);
            if (grants.isMoving(applicationSlot)) {
                grants.adopt(applicationSlot);
            }
        }
        long used = grants.used(applicationSlot);
        if (held > Grant.bytes(used)) {
            throw new IllegalStateException("slot " + applicationSlot + ": no ring for " + held + " held bytes");
        }
        byte[] kept = new byte[held];
        peek(shown, kept, held);
        target = (MappedRegion) application;
        targetSlot = applicationSlot;
        targetMemory = target.memory;
        targetAt = target.at(targetSlot);
        put(target.poolAt() + Grant.page(used) * Grant.PAGE_BYTES, kept, held);
        target.holds(targetSlot, held > 0);
        base = 0;
        shown = 0;
        given = held;
        released = 0;
        urgent = urgentShown ? news : 0;
        journal.hold(record, 0);
        Words.setOpaque(targetMemory, targetAt + offsets.base(), 0);
        Words.setOpaque(targetMemory, targetAt + offsets.used(), used);
    }

    /** The source's word of its urgent byte. */
    final long sourceUrgent() {
        return Words.getOpaque(sourceMemory, sourceAt + offsets.urgent());
    }

    /** The target's position behind the byte of such a word. */
    final long behindUrgent(long word) {
        return (word >>> URGENT_BYTE) - taken + given;
    }

    // ---- places in the two rings ----

    final MappedRegion source() {
        return source;
    }

    final int sourceSlot() {
        return sourceSlot;
    }

    /** Where the source's ring was empty last, as its producer says: read once for what belongs together, for he may change it at any time. */
    final long sourceBase() {
        return Words.getOpaque(sourceMemory, sourceAt + offsets.base());
    }

    /** Offset in the source's memory of the byte at {@code ahead} bytes after the next one. */
    final int sourceAt(int ahead, long sourceBase) {
        long grant = source.grants(direction).used(sourceSlot);
        long place = taken + ahead - sourceBase;
        return source.poolAt() + Grant.page(grant) * Grant.PAGE_BYTES + ((int) place & Grant.bytes(grant) - 1);
    }

    /** Offset in the target's memory of the place for the byte {@code ahead} bytes after the next one. */
    final int targetAt(int ahead) {
        long grant = target.grants(direction).used(targetSlot);
        return target.poolAt() + Grant.page(grant) * Grant.PAGE_BYTES + ((int) (given + ahead - base) & Grant.bytes(grant) - 1);
    }

    /** Bytes from the byte {@code ahead} to the end of the source ring's memory. */
    final int sourceRun(int ahead, long sourceBase) {
        int size = Grant.bytes(source.grants(direction).used(sourceSlot));
        return size - ((int) (taken + ahead - sourceBase) & size - 1);
    }

    final int targetRun(int ahead) {
        int size = Grant.bytes(target.grants(direction).used(targetSlot));
        return size - ((int) (given + ahead - base) & size - 1);
    }

    /** Copies bytes from ring to ring, around both ends. */
    final void copy(int ahead, int length) {
        long sourceBase = sourceBase();
        for (int done = 0; done < length; ) {
            int n = Math.min(length - done, Math.min(sourceRun(ahead + done, sourceBase), targetRun(ahead + done)));
            touch(ahead + done, n, sourceBase);
            targetMemory.put(targetAt(ahead + done), sourceMemory, sourceAt(ahead + done, sourceBase), n);
            done += n;
        }
    }

    private void touch(int ahead, int length, long sourceBase) {
        RingGrants from = source.grants(direction);
        RingGrants to = target.grants(direction);
        from.touch(sourceSlot, Grant.bytes(from.used(sourceSlot)) - sourceRun(ahead, sourceBase) + length, false);
        to.touch(targetSlot, Grant.bytes(to.used(targetSlot)) - targetRun(ahead) + length, true);
    }

    final ByteBuffer sourceMemory() {
        return sourceMemory;
    }

    final ByteBuffer targetMemory() {
        return targetMemory;
    }

    /** What was taken from the source, and what of it was given to the target. */
    final void advance(int bytesTaken, int bytesGiven) {
        taken += bytesTaken;
        given += bytesGiven;
    }
}
