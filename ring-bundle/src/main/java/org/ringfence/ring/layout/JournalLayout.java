package org.ringfence.ring.layout;

/**
 * One record of the journal: what the gateway knows of a connection and must not learn from memory a peer can write. Written before
 * the publication it describes. Private to the gateway, so it has no C side.
 *
 * <pre>
 * 0  a_region u32 | 4 a_slot u32 | 8 a_generation u32 | 12 ins u32
 * 16 b_slot u32 | 20 b_generation u32 | 24 abi u32 | 28 marks u32
 * 32 out_taken u64 | 40 out_given u64 | 48 in_taken u64 | 56 in_given u64
 * 64 hold u64 | 72 a_state u32 | 76 translator u32 | 80 accepted_from u32
 * </pre>
 */
public final class JournalLayout {
    public static final int A_REGION = 0;
    public static final int A_SLOT = 4;
    public static final int A_GENERATION = 8;
    public static final int INS = 12;
    public static final int B_SLOT = 16;
    public static final int B_GENERATION = 20;
    public static final int ABI = 24;
    public static final int MARKS = 28;
    public static final int OUT_TAKEN = 32;
    public static final int OUT_GIVEN = 40;
    public static final int IN_TAKEN = 48;
    public static final int IN_GIVEN = 56;
    public static final int HOLD = 64;
    public static final int A_STATE = 72;
    public static final int TRANSLATOR = 76;
    public static final int ACCEPTED_FROM = 80;
    public static final int BYTES = 128;

    /** Value of {@link #HOLD}: not held. */
    public static final long NOT_HELD = -1;

    private JournalLayout() {
    }
}
