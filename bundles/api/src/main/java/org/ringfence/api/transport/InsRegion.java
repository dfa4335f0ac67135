package org.ringfence.api.transport;

import org.osgi.annotation.versioning.ProviderType;
import org.ringfence.api.call.Answer;
import org.ringfence.api.call.Call;

/** The region of one INS, with the gateway as frontend. */
@ProviderType
public interface InsRegion extends Region {
    /** ABI of the numbers in its calls: "linux" or "netbsd". */
    String abi();

    /** A free reply cell, or -1. It is free again when its answer was taken. */
    int claimCell();

    /** Gives back a claimed cell that no call was sent with. */
    void releaseCell(int cell);

    /** Sends a call; {@code call.cell} is a claimed cell or -1; sets the call number. False if the ring is full: try again later. */
    boolean putCall(Call call);

    /** The next cell that was answered, its answer copied out; -1 if none. */
    int takeAnswer(Answer into);

    /** The next slot the INS has news of, or -1. */
    int takePending();

    /** State of a slot's socket, see {@link SocketState}; an unchecked copy. */
    int state(int slot);

    /** Marks of a slot's socket, see {@link SocketState}; an unchecked copy. */
    int marks(int slot);

    /** errno of the socket's last error in the INS's ABI, 0 if none. */
    int error(int slot);

    /** Counts the socket's errors, modulo 65536. */
    int errors(int slot);

    /** Copies the local name; its length, 0 to 28. */
    int local(int slot, byte[] into, int offset);

    int peer(int slot, byte[] into, int offset);

    /** What the INS counts up at each turn of its loop; an unchecked copy. An idle INS sleeps and does not count. */
    long heartbeat();

    /** How often the INS has looked at what its stack counts; 0: it does not tell. An unchecked copy, as are the counts below. */
    long stackLooks();

    /** Connection requests answered with a cookie, for lack of room among the half-open ones; this and the others since the stack started. */
    long stackCookies();

    /** Connection requests dropped for lack of room among the half-open ones. */
    long stackDropped();

    /** Answers to connection requests sent again. */
    long stackRepeated();

    /** Connections from outside that came about. */
    long stackOpened();

    /** Connections that found their listener's queue full when they came about. */
    long stackOverflows();

    /** Rings the INS at the end of the turn although there is nothing for it, so that it shows its heartbeat. */
    void nudge();

    /** Bytes given to the slot's out ring since it was opened. */
    long outGiven(int slot);
}
