package org.ringfence.ring.layout;

/**
 * The header of a region, {@code struct rf_header}.
 *
 * <pre>
 * 0    magic u64             8   layout_version u32    12  abi u32
 * 16   slots u32             20  commands u32          24  cells u32      28 flags u32
 * 32   region_bytes u64      40  commands_offset u64   48  cells_offset u64
 * 56   slots_offset u64      64  pool_offset u64       72  pool_bytes u64
 * 80   to_backend_offset u64 88  to_frontend_offset u64 96 region_id u64
 * 128  frontend_asleep u32   132 application_asleep u32 136 frontend_heartbeat u64   144 out_count u64
 * 192  backend_asleep u32    200 backend_heartbeat u64
 * 208  stack_looks u64       216 stack_cookies u64     224 stack_dropped u64
 * 232  stack_repeated u64    240 stack_opened u64      248 stack_overflows u64
 * 256  command_tail u64      264 call_number u64
 * 320  command_head u64      328 in_count u64
 * 384  command_lock
 * 512  answered u64[64]
 * </pre>
 */
public final class HeaderLayout {
    /** "RINGFNC1", little-endian. */
    public static final long MAGIC_VALUE = 0x31434e46474e4952L;
    public static final int VERSION_VALUE = 3;

    public static final int MAGIC = 0;
    public static final int LAYOUT_VERSION = 8;
    public static final int ABI = 12;
    public static final int SLOTS = 16;
    public static final int COMMANDS = 20;
    public static final int CELLS = 24;
    public static final int FLAGS = 28;
    public static final int REGION_BYTES = 32;
    public static final int COMMANDS_OFFSET = 40;
    public static final int CELLS_OFFSET = 48;
    public static final int SLOTS_OFFSET = 56;
    public static final int POOL_OFFSET = 64;
    public static final int POOL_BYTES = 72;
    public static final int TO_BACKEND_OFFSET = 80;
    public static final int TO_FRONTEND_OFFSET = 88;
    public static final int REGION_ID = 96;
    public static final int FRONTEND_ASLEEP = 128;
    public static final int APPLICATION_ASLEEP = 132;
    public static final int FRONTEND_HEARTBEAT = 136;
    public static final int OUT_COUNT = 144;
    public static final int BACKEND_ASLEEP = 192;
    public static final int BACKEND_HEARTBEAT = 200;
    public static final int STACK_LOOKS = 208;
    public static final int STACK_COOKIES = 216;
    public static final int STACK_DROPPED = 224;
    public static final int STACK_REPEATED = 232;
    public static final int STACK_OPENED = 240;
    public static final int STACK_OVERFLOWS = 248;
    public static final int COMMAND_TAIL = 256;
    public static final int CALL_NUMBER = 264;
    public static final int COMMAND_HEAD = 320;
    public static final int IN_COUNT = 328;
    public static final int COMMAND_LOCK = 384;
    public static final int ANSWERED = 512;
    public static final int BYTES = 1024;

    /** Watchers of region A, numbered from 1; their words of 32 bits lie where region B has {@code answered}. */
    public static final int WATCHERS = 128;

    /** Distance from either side's asleep flag to its heartbeat. */
    public static final int HEARTBEAT_AFTER_ASLEEP = FRONTEND_HEARTBEAT - FRONTEND_ASLEEP;

    private HeaderLayout() {
    }
}
