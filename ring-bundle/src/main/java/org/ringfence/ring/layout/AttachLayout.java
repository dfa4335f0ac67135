package org.ringfence.ring.layout;

/**
 * The packets of attaching, {@code struct rf_hello}, {@code rf_welcome} and {@code rf_offer}.
 *
 * <pre>
 * hello    0 magic u64 | 8 layout_version u32 | 12 abi u32 | 16 pid u32 | 20 unused u32 | 24 launch u8[64] | 88 name u8[32]
 * welcome  0 magic u64 | 8 layout_version u32 | 12 error i32 | 16 region_bytes u64
 * offer    0 slot u32 | 4 generation u32 | 8 local name | 40 peer name
 * </pre>
 */
public final class AttachLayout {
    public static final int HELLO_MAGIC = 0;
    public static final int HELLO_VERSION = 8;
    public static final int HELLO_ABI = 12;
    public static final int HELLO_PID = 16;
    public static final int HELLO_LAUNCH = 24;
    public static final int HELLO_LAUNCH_BYTES = 64;
    public static final int HELLO_NAME = 88;
    public static final int HELLO_NAME_BYTES = 32;
    public static final int HELLO_BYTES = 120;

    public static final int WELCOME_MAGIC = 0;
    public static final int WELCOME_VERSION = 8;
    public static final int WELCOME_ERROR = 12;
    public static final int WELCOME_REGION_BYTES = 16;
    public static final int WELCOME_BYTES = 24;

    public static final int OFFER_SLOT = 0;
    public static final int OFFER_GENERATION = 4;
    public static final int OFFER_LOCAL = 8;
    public static final int OFFER_PEER = 40;
    public static final int OFFER_BYTES = 72;

    private AttachLayout() {
    }
}
