package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ProviderType;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;

/**
 * The region of one launch of an application, with the gateway as backend. What the application's descriptors show (readiness,
 * end of file, reset) is the transport's work: a method here says what has become of a socket.
 */
@ProviderType
public interface ApplicationRegion extends Region {
    /** Copies the next call out; slot and generation are not checked yet. False if there is none. */
    boolean takeCall(Call into) throws ProtocolViolation;

    /** True if the slot exists, is in use, and has this generation. */
    boolean isOpen(int slot, int generation);

    /** Answers a call and wakes its caller. An answer nobody waits for is dropped. */
    void answer(int cell, long callNumber, Answer answer);

    /** The next slot the application has news of, or -1. */
    int takePending();

    /** Says what kind of socket the slot now is. */
    void setKind(int slot, int domain, int type, int protocol);

    /** The first call on a fresh socket: the slot leaves the pool, and its end will be told of. */
    void claimed(int slot);

    /** SOCKET succeeded. */
    void opened(int slot);

    /** LISTEN succeeded: from now on {@link #offer} may name the slot. */
    void listening(int slot);

    /** CONNECT failed at once: the socket is as it was before. */
    void notConnected(int slot);

    /** CONNECT is under way. */
    void connecting(int slot);

    /** The connection stands: the socket becomes writable. */
    void connected(int slot);

    /**
     * Hands a connected slot to whoever accepts from the listener. The transport keeps it while the listener's queue is full.
     * If the listener ends first, {@link TransportListener#closed} is called for the slot.
     */
    void offer(int listener, int slot);

    /** Connections handed over that the listener's queue had no room for. */
    int waiting(int listener);

    /** Takes back what {@link #offer} handed over, if the listener's queue had no room for it yet; else false. It may be offered again. */
    boolean withdraw(int listener, int slot);

    /** Writes the local name; length 0 for none. */
    void setLocal(int slot, byte[] address, int offset, int length);

    void setPeer(int slot, byte[] address, int offset, int length);

    /** End of file after the bytes given so far. */
    void endOfFile(int slot);

    /** The application may not send any more (its own shutdown). */
    void sendingOver(int slot);

    /** The connection, or the attempt to make one, failed with a Linux errno. */
    void failed(int slot, int errno);

    /** The connection failed with a Linux errno, but there are bytes to read yet: who sends learns of it now. */
    void sendingFailed(int slot, int errno);

    /** The attempt to connect that the program waits for failed with a Linux errno: the socket is as it was before, but for the error. */
    void refused(int slot, int errno);

    /**
     * The attempt to connect that the program does not wait for failed with a Linux errno. Its next connect() has that {@link #dissolved},
     * and may then be followed by another one.
     */
    void attemptFailed(int slot, int errno);

    /** The socket is as it was before it was connected, or tried to. */
    void dissolved(int slot);

    /** True if the application has not read all bytes it was given; on its word. */
    boolean hasUnread(int slot);

    /** True if the application has found the slot's out ring full and waits for room; on its word. */
    boolean awaitsRoom(int slot);

    /** Makes a Linux errno the socket's pending error, which changes nothing else: a datagram was not delivered. */
    void report(int slot, int errno);

    /** Bytes the application has published in its out ring since the slot was opened; unchecked. */
    long outTail(int slot);
}
