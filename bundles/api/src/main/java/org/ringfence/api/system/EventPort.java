package org.ringfence.api.system;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An epoll instance with a batch of actions before each wait: one native call a turn. Actions are carried out in the order they
 * were added, and none of them can block. Only the event loop's thread calls it; nothing allocates
 * but a batch larger than any before.
 */
@ProviderType
public interface EventPort extends AutoCloseable {
    int IN = 0x1;
    int OUT = 0x4;
    int ERR = 0x8;
    int HUP = 0x10;
    int RDHUP = 0x2000;
    int EDGE = 1 << 31;

    /** Bytes {@link #offer} can send along. */
    int MAX_OFFER = 96;

    /** Room for this many more actions in a usual batch; at 0 the caller should turn. What concerns all sockets at once may go beyond. */
    int room();

    /**
     * Sends the empty packet that makes a socket readable, unless there is nothing to read any more.
     *
     * @param slot address of the socket's slot
     * @return index of the action for {@link #result}, which is -ECONNRESET if it took the error that the other end's close left
     */
    int packet(int descriptor, long slot);

    /**
     * As {@link #packet}, unless a packet lies there that nobody has read away: the kernel knows, even if who read one was killed
     * before he counted it.
     *
     * @param slot address of the socket's slot
     * @return index of the action for {@link #result}, as of {@link #packet}
     */
    int remind(int descriptor, long slot);

    /**
     * Reads all packets away.
     *
     * @return index of the action for {@link #result}, as of {@link #packet}
     */
    int drain(int descriptor);

    /**
     * Reads packets away until there are none, or the socket waits for room anew: what it stuffed its end with for that is to stay.
     *
     * @param slot address of the socket's slot; 0: all packets, as {@link #drain(int)}
     * @return index of the action for {@link #result}, as of {@link #packet}
     */
    int drain(int descriptor, long slot);

    /** shutdown(2) with {@code how} 0 RD, 1 WR, 2 RDWR. */
    void shutdown(int descriptor, int how);

    /**
     * Shows end of file: three empty packets, then shutdown(SHUT_WR). The {@link #result} is negative if nobody holds the other end.
     *
     * @return index of the action for {@code result}
     */
    int end(int descriptor);

    void close(int descriptor);

    /** Sends one byte over a doorbell. */
    void ring(int bell);

    /** Wakes the threads that wait on the futex at the address. */
    void wake(long address);

    /**
     * Makes a readiness pair and sends its far end over a channel; {@link #result} is the near end, which is watched with
     * {@code key}, or a negative errno; {@link #cookie} is the far end's SO_COOKIE.
     *
     * @param readable sends an empty packet first, which the slot counts as told
     * @return index of the action for {@code result} and {@code cookie}
     */
    int offer(int channel, long key, boolean readable, byte[] offer, int length);

    /**
     * As {@link #offer}, but keeps a copy of the far end as well, {@link #far}, and watches neither. The caller owns both.
     *
     * @return index of the action for {@code result}, {@code cookie} and {@code far}
     */
    int lend(int channel, boolean readable, byte[] offer, int length);

    /**
     * Sends the far end of a pair that was lent before over a channel. {@link #result} is 0 or a negative errno.
     *
     * @param near the near end if an empty packet is to be sent from it first, which the slot counts as told; else -1
     * @return index of the action for {@code result}
     */
    int lendAgain(int channel, int far, int near, byte[] offer, int length);

    /** Watches a descriptor for {@code events}, reported with {@code key}. */
    void watch(int descriptor, int events, long key);

    /** Changes what is watched. */
    void rewatch(int descriptor, int events, long key);

    /**
     * Carries out the batch and waits for events. Its thread is given the scheduling policy SCHED_BATCH (sched(7)), unless somebody
     * chose one for it: it waits for its turn when it is woken.
     *
     * @param milliseconds at most; -1 without end, 0 not at all
     * @return number of events
     */
    int turn(int milliseconds);

    /** Key of event {@code index} of the last turn. */
    long key(int index);

    /** Flags of event {@code index} of the last turn. */
    int flags(int index);

    /** Result of action {@code index} of the last turn: not negative, or a negative errno. */
    int result(int index);

    /** The cookie of offer {@code index} of the last turn. */
    long cookie(int index);

    /** The far end that {@link #lend} has kept, of action {@code index} of the last turn. */
    int far(int index);

    @Override
    void close();
}
