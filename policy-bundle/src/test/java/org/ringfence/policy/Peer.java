package org.ringfence.policy;

import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.IntSupplier;
import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Stage;

/** A connection of a test: what it shows is set by the test. */
final class Peer implements Connection {
    /** Of a connection from outside, if the test does not say another one. */
    private static final Listener CALM = listener(() -> 0);

    final long id;
    final byte[] peerAddress;
    final boolean inbound;
    int localPort = 80;
    long bytesIn;
    long bytesOut;
    Listener listener;
    Stage stage = Stage.STREAM;
    long stageSince;
    long stageBytes;
    boolean held;
    long heldBytes;
    long outWaiting;
    long lastIn;
    long lastOut;
    long inRate;
    long outRate;
    long requests;
    long peerWindow = -1;

    Peer(long id, byte[] peerAddress, boolean inbound) {
        this.id = id;
        this.peerAddress = peerAddress;
        this.inbound = inbound;
        listener = inbound ? CALM : null;
    }

    Peer(long id, byte[] peerAddress) {
        this(id, peerAddress, true);
    }

    static Peer of(String address) {
        try {
            return new Peer(1, InetAddress.getByName(address).getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** A listener of so much pressure and overload, that has seen nothing. */
    static Listener listener(IntSupplier pressure) {
        return (Listener) Proxy.newProxyInstance(Peer.class.getClassLoader(), new Class<?>[] {Listener.class}, (proxy, method, arguments) ->
                switch (method.getName()) {
                    case "pressure", "overload" -> pressure.getAsInt();
                    case "application", "protocol" -> "test";
                    case "hashCode" -> System.identityHashCode(proxy);
                    case "equals" -> proxy == arguments[0];
                    default -> method.getReturnType() == long.class ? (Object) 0L : 0;
                });
    }

    /** From now on a datagram of that source, of which nothing shows that it is from there. */
    Peer asDatagram() {
        listener = null;
        return this;
    }

    /** The same, as a connection the application asks for. */
    Peer asked() {
        return new Peer(id, peerAddress, false);
    }

    @Override
    public String application() {
        return "test";
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public boolean inbound() {
        return inbound;
    }

    @Override
    public byte[] peerAddress() {
        return peerAddress;
    }

    @Override
    public int peerPort() {
        return 50_000;
    }

    @Override
    public int localPort() {
        return localPort;
    }

    @Override
    public long since() {
        return 0;
    }

    @Override
    public long bytesIn() {
        return bytesIn;
    }

    @Override
    public long bytesOut() {
        return bytesOut;
    }

    @Override
    public Listener listener() {
        return listener;
    }

    @Override
    public Stage stage() {
        return stage;
    }

    @Override
    public long stageSince() {
        return stageSince;
    }

    @Override
    public long stageBytes() {
        return stageBytes;
    }

    @Override
    public boolean isHeld() {
        return held;
    }

    @Override
    public long heldBytes() {
        return heldBytes;
    }

    @Override
    public long outWaiting() {
        return outWaiting;
    }

    @Override
    public long lastIn() {
        return lastIn;
    }

    @Override
    public long lastOut() {
        return lastOut;
    }

    @Override
    public long inRate() {
        return inRate;
    }

    @Override
    public long outRate() {
        return outRate;
    }

    @Override
    public long requests() {
        return requests;
    }

    @Override
    public long peerWindow() {
        return peerWindow;
    }
}
