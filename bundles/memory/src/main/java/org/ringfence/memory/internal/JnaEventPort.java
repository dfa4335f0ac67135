package org.ringfence.memory.internal;

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.ringfence.api.system.EventPort;

/**
 * The batch and the harvest lie in native memory, so that a turn is one call with nothing to convert.
 *
 * <pre>
 * action  0 code i32 | 4 fd i32 | 8 argument i64 | 16 key u64 | 24 result i32 | 28 payload length u32 | 32 payload[96]
 * event   0 flags u32 | 4 key u64   (struct epoll_event is packed on x86-64)
 * </pre>
 */
final class JnaEventPort implements EventPort {
    /** What {@link #room} counts down from. */
    private static final int ACTIONS = 2048;
    /** More than the consequences of the end of all sockets that an instance can have. */
    private static final int MOST_ACTIONS = 1 << 20;
    private static final int ACTION_BYTES = 128;
    private static final int EVENTS = 256;
    private static final int EVENT_BYTES = 12;

    private static final int PACKET = 1;
    private static final int DRAIN = 2;
    private static final int SHUTDOWN = 3;
    private static final int CLOSE = 4;
    private static final int RING = 5;
    private static final int WAKE = 6;
    private static final int OFFER = 7;
    private static final int WATCH = 8;
    private static final int REWATCH = 9;
    private static final int END = 10;
    private static final int LEND = 11;
    private static final int LEND_AGAIN = 12;
    private static final int REMIND = 13;

    private final int epoll;
    private Memory actionMemory = new Memory((long) ACTIONS * ACTION_BYTES);
    private final Memory eventMemory = new Memory((long) EVENTS * EVENT_BYTES);
    private ByteBuffer actions = bytes(actionMemory);
    /** The batch that was carried out last: its results are read while the next one is filled. */
    private Memory doneMemory = new Memory((long) ACTIONS * ACTION_BYTES);
    private ByteBuffer done = bytes(doneMemory);
    private final ByteBuffer events = bytes(eventMemory);
    private int count;
    private Thread turner;

    JnaEventPort(int epoll) {
        this.epoll = epoll;
    }

    private int add(int code, int descriptor, long argument, long key) {
        if (count == actionMemory.size() / ACTION_BYTES) {
            grow();
        }
        int at = count * ACTION_BYTES;
        actions.putInt(at, code).putInt(at + 4, descriptor).putLong(at + 8, argument).putLong(at + 16, key).putInt(at + 28, 0);
        return count++;
    }

    /** What concerns all sockets at once, as the end of an INS does, is more than a turn's usual batch. */
    private void grow() {
        if (count >= MOST_ACTIONS) {
            throw new IllegalStateException("batch of " + count + " actions is full: turn before adding more");
        }
        Memory larger = new Memory(actionMemory.size() * 2);
        ByteBuffer copy = bytes(larger);
        copy.put(0, actions, 0, count * ACTION_BYTES);
        actionMemory = larger;
        actions = copy;
    }

    private static ByteBuffer bytes(Memory memory) {
        return memory.getByteBuffer(0, memory.size()).order(ByteOrder.nativeOrder());
    }

    @Override
    public int room() {
        return Math.max(0, ACTIONS - count);
    }

    @Override
    public int packet(int descriptor, long slot) {
        return add(PACKET, descriptor, slot, 0);
    }

    @Override
    public int remind(int descriptor, long slot) {
        return add(REMIND, descriptor, slot, 0);
    }

    @Override
    public int drain(int descriptor) {
        return drain(descriptor, 0);
    }

    @Override
    public int drain(int descriptor, long slot) {
        return add(DRAIN, descriptor, slot, 0);
    }

    @Override
    public void shutdown(int descriptor, int how) {
        add(SHUTDOWN, descriptor, how, 0);
    }

    @Override
    public int end(int descriptor) {
        return add(END, descriptor, 0, 0);
    }

    @Override
    public void close(int descriptor) {
        add(CLOSE, descriptor, 0, 0);
    }

    @Override
    public void ring(int bell) {
        add(RING, bell, 0, 0);
    }

    @Override
    public void wake(long address) {
        add(WAKE, -1, address, 0);
    }

    @Override
    public int offer(int channel, long key, boolean readable, byte[] offer, int length) {
        return add(OFFER, channel, readable ? 1 : 0, key, offer, length);
    }

    @Override
    public int lend(int channel, boolean readable, byte[] offer, int length) {
        return add(LEND, channel, readable ? 1 : 0, 0, offer, length);
    }

    @Override
    public int lendAgain(int channel, int far, int near, byte[] offer, int length) {
        return add(LEND_AGAIN, channel, near, far, offer, length);
    }

    private int add(int code, int channel, long argument, long key, byte[] offer, int length) {
        int index = add(code, channel, argument, key);
        int at = index * ACTION_BYTES;
        actions.putInt(at + 28, length).put(at + 32, offer, 0, length);
        return index;
    }

    @Override
    public void watch(int descriptor, int flags, long key) {
        add(WATCH, descriptor, flags & 0xffffffffL, key);
    }

    @Override
    public void rewatch(int descriptor, int flags, long key) {
        add(REWATCH, descriptor, flags & 0xffffffffL, key);
    }

    @Override
    public int turn(int milliseconds) {
        if (turner != Thread.currentThread()) {
            turner = Thread.currentThread();
            LoopLibrary.rf_loop_wait_its_turn();
        }
        int harvested = LoopLibrary.rf_loop_turn(epoll, actionMemory, count, eventMemory, EVENTS, milliseconds);
        count = 0;
        Memory carriedOut = actionMemory;
        ByteBuffer results = actions;
        actionMemory = doneMemory;
        actions = done;
        doneMemory = carriedOut;
        done = results;
        if (harvested < 0) {
            throw new IllegalStateException("epoll_wait: errno " + -harvested);
        }
        return harvested;
    }

    @Override
    public long key(int index) {
        return events.getLong(index * EVENT_BYTES + 4);
    }

    @Override
    public int flags(int index) {
        return events.getInt(index * EVENT_BYTES);
    }

    @Override
    public int result(int index) {
        return done.getInt(index * ACTION_BYTES + 24);
    }

    @Override
    public long cookie(int index) {
        return done.getLong(index * ACTION_BYTES + 8);
    }

    @Override
    public int far(int index) {
        return (int) done.getLong(index * ACTION_BYTES + 16);
    }

    @Override
    public void close() {
        LoopLibrary.rf_loop_close(epoll);
    }
}
