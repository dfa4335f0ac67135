package org.ringfence.ring.local;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.jna.Function;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.memory.internal.JnaSystem;
import org.ringfence.ring.layout.AttachLayout;
import org.ringfence.ring.layout.HeaderLayout;

/** A session of the local transport whose turns the test takes, and peers that say hello to it. */
final class Attaching implements TransportListener, AutoCloseable {
    static final NativeSystem SYSTEM = new JnaSystem(Path.of(System.getProperty("ringfence.native", "native/build")));
    private static final int AF_UNIX = 1;
    private static final int SOCK_SEQPACKET = 5;
    private static final int LINUX = 1;
    private static final int ADDRESS_BYTES = 110;
    private static final long PATIENCE_SECONDS = 10;
    private static final Map<String, Object> SMALL = Map.of("slots", 64, "connections", 64, "pool_mebibytes", 16);

    final List<ApplicationRegion> applications = new ArrayList<>();
    TransportSession session;
    /** Descriptors that were closed, in their order. */
    final List<Integer> closed = new ArrayList<>();
    /** Those of connections that were accepted and not closed yet. */
    final Set<Integer> accepted = new HashSet<>();
    /** The result of the next accept(2) in place of a connection; 0: none. */
    int refusal;
    /** What the session's listener does with the slot of a closed socket. */
    IntConsumer whenClosed = slot -> { };
    /** Done once before the next accept(2). */
    Runnable beforeAccept = () -> { };
    /** That the batch has room, in place of its own word; negative: its own word. */
    int room = -1;
    /** Done once before the next batch is carried out. */
    Runnable beforeBatch = () -> { };
    private final NativeSystem system = between(NativeSystem.class, SYSTEM, this::ofSystem);
    private final LocalTransport transport = new LocalTransport(system, (LocalTransport.Config) Proxy.newProxyInstance(
            Attaching.class.getClassLoader(), new Class<?>[] {LocalTransport.Config.class},
            (proxy, method, arguments) -> SMALL.getOrDefault(method.getName(), method.getDefaultValue())));
    private final Path state;
    private final List<Integer> peers = new ArrayList<>();

    /** @param state a directory for its sockets */
    Attaching(Path state) throws IOException {
        this.state = state;
        session = transport.open(state, this);
    }

    /** Passes calls on, unless {@code instead} gives a result. */
    private static <T> T between(Class<T> type, T real, BiFunction<String, Object[], Object> instead) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            Object result = instead.apply(method.getName(), arguments);
            try {
                return result != null ? result : method.invoke(real, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    private Object ofSystem(String method, Object[] arguments) {
        if (method.equals("close")) {
            closed.add((Integer) arguments[0]);
            accepted.remove(arguments[0]);
        }
        if (method.equals("accept")) {
            return accept((Integer) arguments[0], (int[]) arguments[1]);
        }
        try {
            return method.equals("openEventPort") ? between(EventPort.class, SYSTEM.openEventPort(), this::ofPort) : null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int accept(int listener, int[] pid) {
        Runnable once = beforeAccept;
        beforeAccept = () -> { };
        once.run();
        int result = refusal != 0 ? refusal : SYSTEM.accept(listener, pid);
        refusal = 0;
        if (result >= 0) {
            accepted.add(result);
        }
        return result;
    }

    private Object ofPort(String method, Object[] arguments) {
        if (method.equals("turn")) {
            Runnable once = beforeBatch;
            beforeBatch = () -> { };
            once.run();
        }
        return method.equals("room") && room >= 0 ? room : null;
    }

    /** Another version takes over, with another number for the region that came last. */
    void takeOver(int lastRegion) {
        var whole = session.handOver();
        whole.state("attachments").put("lastRegion", lastRegion);
        session = transport.adopt(whole, this);
    }

    /** Somebody connects, and says nothing yet: his descriptor. */
    int connect() {
        return connect("attach.sock");
    }

    private int connect(String socket) {
        int peer = Function.getFunction("c", "socket").invokeInt(new Object[] {AF_UNIX, SOCK_SEQPACKET, 0});
        peers.add(peer);
        ByteBuffer address = ByteBuffer.allocate(ADDRESS_BYTES).order(ByteOrder.nativeOrder());
        address.putShort((short) AF_UNIX).put(state.resolve(socket).toString().getBytes(StandardCharsets.UTF_8));
        int connected = Function.getFunction("c", "connect").invokeInt(new Object[] {peer, address.array(), ADDRESS_BYTES});
        assertTrue(peer >= 0 && connected == 0, "cannot connect");
        return peer;
    }

    /** A process of a launch connects and says hello. */
    void hello(String launch) {
        hello(connect(), launch);
    }

    /** An INS connects and says hello. */
    void helloOfIns() {
        hello(connect("ins.sock"), "");
    }

    void hello(int peer, String launch) {
        ByteBuffer hello = ByteBuffer.allocate(AttachLayout.HELLO_BYTES).order(ByteOrder.nativeOrder());
        hello.putLong(AttachLayout.HELLO_MAGIC, HeaderLayout.MAGIC_VALUE).putInt(AttachLayout.HELLO_VERSION, HeaderLayout.VERSION_VALUE);
        hello.putInt(AttachLayout.HELLO_ABI, LINUX); // of an INS
        hello.put(AttachLayout.HELLO_NAME, launch.getBytes(StandardCharsets.UTF_8)).put(AttachLayout.HELLO_LAUNCH, launch.getBytes(StandardCharsets.UTF_8));
        assertTrue(SYSTEM.send(peer, hello.array()) == AttachLayout.HELLO_BYTES, "cannot say hello");
    }

    /** Takes turns, which sleep as long as they may, until it is so. */
    void turnUntil(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                fail("not within " + PATIENCE_SECONDS + " s: " + what);
            }
            session.turn(1000);
        }
    }

    @Override
    public void attached(ApplicationRegion application) {
        applications.add(application);
    }

    @Override
    public void detached(ApplicationRegion application) {
        applications.remove(application);
    }

    @Override
    public void closed(ApplicationRegion application, int slot) {
        whenClosed.accept(slot);
    }

    @Override
    public void attached(InsRegion ins) {
    }

    @Override
    public void detached(InsRegion ins) {
    }

    @Override
    public void close() {
        session.close();
        peers.forEach(SYSTEM::close);
    }
}
