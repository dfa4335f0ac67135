package org.ringfence.ring.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Datagram;
import org.ringfence.api.transport.DatagramFilter;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.ProtocolViolation;
import org.ringfence.ring.layout.RecordLayout;
import org.ringfence.ring.layout.SlotLayout;

/**
 * Moves datagrams, one record at a time, each past a filter. The header is copied out, checked, judged and rewritten in the gateway's own
 * memory; the bytes go from mapping to mapping.
 */
public final class DatagramFlow extends RingFlow {
    private final Direction direction;
    private final DatagramFilter filter;
    private final byte[] header = new byte[RecordLayout.BYTES];
    private final ByteBuffer words = ByteBuffer.wrap(header).order(ByteOrder.nativeOrder());
    private final Datagram datagram = new Datagram();
    private long moved;

    public DatagramFlow(Direction direction, Journal journal, DatagramFilter filter) {
        super(direction, journal);
        this.direction = direction;
        this.filter = filter;
    }

    @Override
    public void unbind() {
        super.unbind();
        moved = 0;
    }

    @Override
    public void resume(long[] position, int record, ApplicationRegion application, int applicationSlot, InsRegion ins, int insSlot) {
        super.resume(position, record, application, applicationSlot, ins, insSlot);
        moved = position[3];
    }

    /** Bytes of datagrams, without their headers. */
    @Override
    public long moved() {
        return moved;
    }

    @Override
    boolean grows() {
        return false;
    }

    @Override
    boolean transfer(int filled, int room) throws ProtocolViolation {
        if (filled < RecordLayout.BYTES) {
            throw violation("a record's header", filled, RecordLayout.BYTES);
        }
        read();
        int length = datagram.length;
        if (length < 0 || length > RecordLayout.MAX_DATAGRAM) {
            throw violation("a datagram", length, RecordLayout.MAX_DATAGRAM);
        }
        int bytes = RecordLayout.bytes(length);
        if (bytes > filled) {
            throw violation("a record", bytes, filled);
        }
        if (bytes > room) {
            return false;
        }
        if (!filter.pass(direction, datagram)) {
            advance(bytes, 0);
            return true;
        }
        write();
        copy(RecordLayout.BYTES, length);
        advance(bytes, bytes);
        moved += length;
        return true;
    }

    private ProtocolViolation violation(String what, int is, int bound) {
        return new ProtocolViolation(source(), "slot " + sourceSlot() + ": " + what + " of " + is + " bytes, where " + bound + " is the bound");
    }

    private void read() {
        // The producer decides where its ring is empty: a hostile one makes even a header wrap.
        long base = sourceBase();
        int first = Math.min(RecordLayout.BYTES, sourceRun(0, base));
        sourceMemory().get(sourceAt(0, base), header, 0, first);
        if (first < RecordLayout.BYTES) {
            sourceMemory().get(sourceAt(first, base), header, first, RecordLayout.BYTES - first);
        }
        datagram.length = words.getInt(RecordLayout.LENGTH);
        datagram.nameLength = name(RecordLayout.NAME, datagram.name);
        datagram.viaLength = name(RecordLayout.VIA, datagram.via);
    }

    private int name(int at, byte[] into) {
        int length = words.getInt(at);
        if (length <= 0 || length > SlotLayout.MAX_ADDRESS) {
            return 0;
        }
        System.arraycopy(header, at + SlotLayout.NAME_ADDRESS, into, 0, SlotLayout.MAX_ADDRESS);
        return length;
    }

    private void write() {
        putName(RecordLayout.NAME, datagram.name, datagram.nameLength);
        putName(RecordLayout.VIA, datagram.via, datagram.viaLength);
        int first = Math.min(RecordLayout.BYTES, targetRun(0));
        targetMemory().put(targetAt(0), header, 0, first);
        if (first < RecordLayout.BYTES) {
            targetMemory().put(targetAt(first), header, first, RecordLayout.BYTES - first);
        }
    }

    private void putName(int at, byte[] from, int length) {
        words.putInt(at, length);
        System.arraycopy(from, 0, header, at + SlotLayout.NAME_ADDRESS, SlotLayout.MAX_ADDRESS);
    }
}
