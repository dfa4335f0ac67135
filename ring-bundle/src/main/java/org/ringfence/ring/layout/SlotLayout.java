package org.ringfence.ring.layout;

/**
 * A slot, {@code struct rf_slot}.
 *
 * <pre>
 * owner     0 generation u32 | 4 domain u32 | 8 type u32 | 12 protocol u32
 *          16 in_grant u64 | 24 out_grant u64 | 32 cookie u64 | 40 lent u32
 * backend  64 state u32 | 68 error u32 | 72 marks u32 | 76 in_blocked u32
 *          80 in_tail u64 | 88 in_base u64 | 96 in_used u64 | 104 out_head u64
 *         112 crowded u32 | 116 told u32 | 120 in_busy u32
 * frontend 128 out_tail u64 | 136 out_base u64 | 144 out_used u64 | 152 in_head u64
 *          160 out_blocked u32 | 164 kick u32 | 168 error_taken u32 | 172 armed u32
 *          176 heard u32 | 180 out_busy u32 | 184 out_stamp u64
 *          192 receive_lock | 232 urgent_taken u32 | 236 urgent_wish u32 | 240 returned u32 | 244 kept u32 | 248 blocking u32 | 252 interest u32
 *          256 send_lock | 296 out_urgent u64 | 304 out_more u64 | 312 out_warm u64
 * backend  320 local: length u32, u8[28] | 352 peer: length u32, u8[28]
 *          384 last_call u64 | 392 last_result i64 | 400 last_error i32 | 408 in_urgent u64 | 416 in_stamp u64
 * </pre>
 */
public final class SlotLayout {
    public static final int GENERATION = 0;
    public static final int DOMAIN = 4;
    public static final int TYPE = 8;
    public static final int PROTOCOL = 12;
    public static final int IN_GRANT = 16;
    public static final int OUT_GRANT = 24;
    public static final int COOKIE = 32;
    public static final int LENT = 40;
    public static final int STATE = 64;
    public static final int ERROR = 68;
    public static final int MARKS = 72;
    public static final int IN_BLOCKED = 76;
    public static final int IN_TAIL = 80;
    public static final int IN_BASE = 88;
    public static final int IN_USED = 96;
    public static final int OUT_HEAD = 104;
    public static final int CROWDED = 112;
    public static final int TOLD = 116;
    public static final int IN_BUSY = 120;
    public static final int OUT_TAIL = 128;
    public static final int OUT_BASE = 136;
    public static final int OUT_USED = 144;
    public static final int IN_HEAD = 152;
    public static final int OUT_BLOCKED = 160;
    public static final int KICK = 164;
    public static final int ERROR_TAKEN = 168;
    public static final int ARMED = 172;
    public static final int HEARD = 176;
    public static final int OUT_BUSY = 180;
    public static final int OUT_STAMP = 184;
    public static final int RECEIVE_LOCK = 192;
    public static final int URGENT_TAKEN = 232;
    public static final int URGENT_WISH = 236;
    public static final int RETURNED = 240;
    public static final int KEPT = 244;
    public static final int BLOCKING = 248;
    public static final int INTEREST = 252;
    public static final int SEND_LOCK = 256;
    public static final int OUT_URGENT = 296;
    public static final int OUT_MORE = 304;
    public static final int OUT_WARM = 312;
    public static final int LOCAL = 320;
    public static final int PEER = 352;
    public static final int LAST_CALL = 384;
    public static final int LAST_RESULT = 392;
    public static final int LAST_ERROR = 400;
    public static final int IN_URGENT = 408;
    public static final int IN_STAMP = 416;
    public static final int BYTES = 512;

    /** Packets the frontend reads away when it is told that they pile up, {@code RF_CROWD_TAKEN}. */
    public static final int CROWD_TAKEN = 3;

    /** In {@link #OUT_MORE}: whatever is written may wait for what follows, {@code RF_MORE_ALL}; the stack was told so by a call, if it still is. */
    public static final long MORE_ALL = 1L << 63;
    public static final long MORE_IN_STACK = 1L << 62;

    /** Bits of {@link #URGENT_WISH}: a packet is wanted for an urgent byte; it is read as any other. */
    public static final int WISH_TOLD = 1;
    public static final int WISH_INLINE = 2;

    /** A value of {@link #ARMED}, {@code RF_ARMED_FIRST}: nobody has looked at the socket yet, and no packet was sent. */
    public static final int ARMED_FIRST = -2;

    /** Bits of {@link #LENT}: the gateway has a copy of the application's end; and the value of {@link #BLOCKING} it had at its last return. */
    public static final int LENT_NOW = 1;
    public static final int LENT_BLOCKING = 2;
    public static final int LENT_NONBLOCKING = 4;
    /** The end was another connection's before. */
    public static final int LENT_BEFORE = 8;

    /** Bytes of a name: a length and an address. */
    public static final int NAME_BYTES = 32;
    public static final int NAME_ADDRESS = 4;
    public static final int MAX_ADDRESS = 28;

    private SlotLayout() {
    }
}
