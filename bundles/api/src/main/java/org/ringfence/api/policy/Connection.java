package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection as a policy sees it. Valid during the call it is passed to, on the event loop; a policy that remembers
 * something about a connection keys it by {@link #id()}.
 */
@ProviderType
public interface Connection {
    /**
     * The id of a connection that does not exist. A new policy is asked about it once before it is in the chain, and must answer as always; a new
     * chain is asked before it is in charge, on any thread, and must answer without asking its policies. Its peer is 0.0.0.0, and
     * nothing comes of the verdict.
     */
    long TRIAL = 0;

    /** Unique in the life of a gateway; counts from 1, see also {@link #TRIAL}. */
    long id();

    /** Name of the application, as given to {@code ringfence run}. */
    String application();

    /** True if a peer connected to a listener of the application, false if the application connects out. */
    boolean inbound();

    /**
     * Address of the peer in network byte order, 4 or 16 bytes; an IPv4-mapped IPv6 address is given as 4 bytes. The array
     * is reused: copy what is to be kept.
     */
    byte[] peerAddress();

    /** TCP port of the peer, 0 to 65535. */
    int peerPort();

    /** TCP port on the application's side, 0 to 65535. */
    int localPort();

    /** {@link System#nanoTime()} when the connection arrived. */
    long since();

    /** Bytes from the network given to the application so far. */
    long bytesIn();

    /** Bytes from the application taken for the network so far. */
    long bytesOut();

    /** The listener it came through; null for an outgoing connection, and for datagrams. */
    Listener listener();

    /** Where it stands. */
    Stage stage();

    /** {@link System#nanoTime()} when it came to its stage; of HEAD and BODY, when the first byte of that came. */
    long stageSince();

    /** Bytes from the network in the present stage; in {@link Stage#RESPONSE} and {@link Stage#STREAM} bytes the network took. */
    long stageBytes();

    /** True while the application has no knowledge of the connection: it is held. */
    boolean isHeld();

    /** Bytes held in the gateway. */
    long heldBytes();

    /** Bytes the application wrote that the network has not taken. */
    long outWaiting();

    /** {@link System#nanoTime()}, to a turn of the event loop, when bytes last came from the network. */
    long lastIn();

    /** {@link System#nanoTime()}, to a turn of the event loop, when the network last took bytes, or was given some after it had none. */
    long lastOut();

    /** Bytes a second from the network, averaged over some ten seconds; looked at ten times a second. */
    long inRate();

    /**
     * Bytes a second the network takes, averaged over some ten seconds in which there was something to take (three where the peer's window is shut), what is
     * more than 64 KiB counting as that where the stack tells what was acknowledged; {@link Long#MAX_VALUE} while there has been something for less than ten
     * seconds: nobody is slow yet.
     */
    long outRate();

    /** Complete HTTP/1 requests so far. */
    long requests();

    /** The peer's receive window as the INS's stack knows it, in bytes; -1 if it is not known. Asked for, once a second, while anything waits for the peer. */
    long peerWindow();
}
