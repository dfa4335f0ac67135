package org.ringfence.ring.layout;

/**
 * One entry of the command ring, {@code struct rf_command}.
 *
 * <pre>
 * 0  op u16 | 2 flags u16 | 4 slot u32 | 8 generation u32 | 12 cell u32
 * 16 call_number u64 | 24 args i64[6] | 72 payload_length u32 | 76 payload u8[52]
 * </pre>
 */
public final class CommandLayout {
    public static final int OP = 0;
    public static final int FLAGS = 2;
    public static final int SLOT = 4;
    public static final int GENERATION = 8;
    public static final int CELL = 12;
    public static final int CALL_NUMBER = 16;
    public static final int ARGS = 24;
    public static final int PAYLOAD_LENGTH = 72;
    public static final int PAYLOAD = 76;
    public static final int BYTES = 128;

    /** The argument that no operation has: what was written before the call has no later stamp, {@code RF_CALL_STAMP}. */
    public static final int STAMP = 5;

    private CommandLayout() {
    }
}
