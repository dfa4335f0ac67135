package org.ringfence.ring.layout;

/**
 * The header of a datagram in a data ring, {@code struct rf_record}.
 *
 * <pre>
 * 0  length u32 | 4 flags u32 | 8 name: length u32, u8[28] | 40 via: length u32, u8[28]
 * 72 interface_index u32 | 76 ttl i32 | 80 tos i32 | 88 seconds i64 | 96 nanoseconds i64 | 128 bytes, padded to 128
 * </pre>
 */
public final class RecordLayout {
    public static final int LENGTH = 0;
    public static final int FLAGS = 4;
    public static final int NAME = 8;
    public static final int VIA = 40;
    public static final int INTERFACE_INDEX = 72;
    public static final int TTL = 76;
    public static final int TOS = 80;
    public static final int SECONDS = 88;
    public static final int NANOSECONDS = 96;
    public static final int BYTES = 128;

    /** Records begin at multiples of this. */
    public static final int UNIT = 128;
    /** Order of a datagram socket's rings. */
    public static final int RING_ORDER = 5;
    public static final int MAX_DATAGRAM = 65535;

    /** Bytes a record with a datagram of {@code length} bytes takes in a ring. */
    public static int bytes(int length) {
        return BYTES + (length + UNIT - 1) / UNIT * UNIT;
    }

    private RecordLayout() {
    }
}
