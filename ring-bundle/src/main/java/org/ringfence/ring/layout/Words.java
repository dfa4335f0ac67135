package org.ringfence.ring.layout;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Ordered access to the words of shared memory; the modes have the names of {@link VarHandle}. Offsets are aligned. */
public final class Words {
    /** 64-bit words: {@code (ByteBuffer, int) -> long}. */
    public static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** 32-bit words: {@code (ByteBuffer, int) -> int}. */
    public static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

    public static long getOpaque(ByteBuffer memory, int at) {
        return (long) LONG.getOpaque(memory, at);
    }

    public static long getAcquire(ByteBuffer memory, int at) {
        return (long) LONG.getAcquire(memory, at);
    }

    public static void setOpaque(ByteBuffer memory, int at, long value) {
        LONG.setOpaque(memory, at, value);
    }

    public static void setRelease(ByteBuffer memory, int at, long value) {
        LONG.setRelease(memory, at, value);
    }

    public static int getIntOpaque(ByteBuffer memory, int at) {
        return (int) INT.getOpaque(memory, at);
    }

    public static int getIntAcquire(ByteBuffer memory, int at) {
        return (int) INT.getAcquire(memory, at);
    }

    public static void setIntOpaque(ByteBuffer memory, int at, int value) {
        INT.setOpaque(memory, at, value);
    }

    public static void setIntRelease(ByteBuffer memory, int at, int value) {
        INT.setRelease(memory, at, value);
    }

    /** Exchanges a flag that both sides write with 0; true if it was set. */
    public static boolean takeFlag(ByteBuffer memory, int at) {
        return getIntOpaque(memory, at) != 0 && (int) INT.getAndSet(memory, at, 0) != 0;
    }

    private Words() {
    }
}
