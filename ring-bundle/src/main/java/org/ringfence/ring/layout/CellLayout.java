package org.ringfence.ring.layout;

/**
 * A reply cell, {@code struct rf_cell}.
 *
 * <pre>
 * 0   lock | 40 expected u64 | 48 waiting u32
 * 64  answered u64 | 72 error i32 | 76 payload_length u32 | 80 result i64
 * 128 payload u8[384]
 * </pre>
 */
public final class CellLayout {
    public static final int LOCK = 0;
    public static final int EXPECTED = 40;
    public static final int WAITING = 48;
    public static final int ANSWERED = 64;
    public static final int ERROR = 72;
    public static final int PAYLOAD_LENGTH = 76;
    public static final int RESULT = 80;
    public static final int PAYLOAD = 128;
    public static final int BYTES = 512;

    private CellLayout() {
    }
}
