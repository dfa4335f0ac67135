package org.ringfence.ring.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.Geometry;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.ring.layout.AttachLayout;
import org.ringfence.ring.layout.HeaderLayout;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The two listening sockets, and the connections of those that attach: hello, welcome, and their end. */
final class Attachments {
    private static final Logger LOG = LoggerFactory.getLogger(Attachments.class);
    private static final int EPROTO = 71;
    private static final int EINVAL = 22;
    private static final int ENOMEM = 12;
    private static final int EAGAIN = 11;
    /** After an accept(2) that failed. */
    private static final int PAUSE_MILLISECONDS = 100;
    /** Accepted through one socket at a time. */
    private static final int AT_ONCE = 16;
    /** Until the next ones are, while as many as may be have not said hello: who was accepted last has some of these for it. */
    private static final int CROWDED_MILLISECONDS = 10;
    private static final int LINUX = 1;
    /** Of a connection in a state: descriptor, INS or not, pid, region. */
    private static final int CONNECTION_NUMBERS = 4;

    private final LocalSession session;
    private final NativeSystem system;
    private final EventPort port;
    private final LocalTransport.Config config;
    private final Path attachPath;
    private final Path insPath;
    private final int attachSocket;
    private final int insSocket;
    private int lastRegion;
    /** Peers may wait of whom no event will tell any more. */
    private boolean unaccepted;
    private long acceptAt;
    /** The error that the log knows of. */
    private int told;

    /** A connection: through which socket it came, whose it is, and of which region it is part (0: none yet). */
    private static final class Connection {
        final boolean ins;
        final int pid;
        int region;

        Connection(boolean ins, int pid) {
            this.ins = ins;
            this.pid = pid;
        }
    }

    private final Map<Integer, Connection> connections = new HashMap<>();
    private final Unheard unheard = new Unheard();

    Attachments(LocalSession session, NativeSystem system, EventPort port, Path state, LocalTransport.Config config) throws IOException {
        this.session = session;
        this.system = system;
        this.port = port;
        this.config = config;
        attachPath = state.resolve("attach.sock");
        insPath = state.resolve("ins.sock");
        attachSocket = system.listen(attachPath);
        insSocket = system.listen(insPath);
        port.watch(attachSocket, EventPort.IN | EventPort.EDGE, Key.of(Key.ATTACH_SOCKET, 0, 0));
        port.watch(insSocket, EventPort.IN | EventPort.EDGE, Key.of(Key.INS_SOCKET, 0, 0));
    }

    Attachments(LocalSession session, NativeSystem system, EventPort port, LocalTransport.Config config, HandoverState from) {
        this.session = session;
        this.system = system;
        this.port = port;
        this.config = config;
        attachPath = Path.of(from.text("attachPath"));
        insPath = Path.of(from.text("insPath"));
        attachSocket = from.number("attachSocket");
        insSocket = from.number("insSocket");
        lastRegion = from.number("lastRegion");
        acceptLater(PAUSE_MILLISECONDS); // what the version before has left, too
        int[] numbers = from.numbers("connections");
        for (int i = 0; i < numbers.length; i += CONNECTION_NUMBERS) {
            Connection connection = new Connection(numbers[i + 1] != 0, numbers[i + 2]);
            connection.region = numbers[i + 3];
            connections.put(numbers[i], connection);
            if (connection.region == 0) {
                unheard.add(numbers[i]);
            }
        }
    }

    HandoverState handOver() {
        int[] numbers = new int[connections.size() * CONNECTION_NUMBERS];
        int at = 0;
        for (Map.Entry<Integer, Connection> entry : connections.entrySet()) {
            numbers[at++] = entry.getKey();
            numbers[at++] = entry.getValue().ins ? 1 : 0;
            numbers[at++] = entry.getValue().pid;
            numbers[at++] = entry.getValue().region;
        }
        return new HandoverState("attachments", 1).put("attachPath", attachPath.toString()).put("insPath", insPath.toString())
                .put("attachSocket", attachSocket).put("insSocket", insSocket).put("lastRegion", lastRegion).put("connections", numbers);
    }

    void dispatch(long key, int flags) {
        switch (Key.kind(key)) {
            case Key.ATTACH_SOCKET, Key.INS_SOCKET -> somebodyWaits();
            case Key.GREETING -> connectionEvent(Key.low(key), flags);
            default -> LOG.warn("event of an unknown kind: key 0x{}", Long.toHexString(key));
        }
    }

    /** Accepts some; true if nobody waits there any more. */
    private boolean acceptSome(int socket, boolean ins) {
        int[] pid = new int[1];
        int descriptor = 0;
        for (int i = 0; i < AT_ONCE && port.room() > AT_ONCE && (descriptor = system.accept(socket, pid)) >= 0; i++) {
            if (unheard.isFull()) {
                hearOrEnd(unheard.take());
            }
            connections.put(descriptor, new Connection(ins, pid[0]));
            unheard.add(descriptor);
            port.watch(descriptor, EventPort.IN | EventPort.RDHUP | EventPort.EDGE, Key.of(Key.GREETING, 0, descriptor));
        }
        if (descriptor == -EAGAIN) {
            return true;
        }
        if (descriptor >= 0) {
            acceptLater(pause());
            return false;
        }
        if (descriptor != told) {
            told = descriptor;
            LOG.warn("accepting who attaches at {}: errno {}: trying again every {} ms. If it is 23 or 24 too many files are open: raise "
                    + "'ulimit -n'", ins ? insPath : attachPath, -descriptor, PAUSE_MILLISECONDS);
        }
        acceptLater(PAUSE_MILLISECONDS);
        return false;
    }

    /** Not accepted before all events are seen, for he may get the number of one that ends; nor before the time, where one is set. */
    private void somebodyWaits() {
        if (!unaccepted) {
            acceptLater(pause());
        }
    }

    private int pause() {
        return unheard.isFull() ? CROWDED_MILLISECONDS : 0;
    }

    private void acceptLater(int milliseconds) {
        unaccepted = true;
        acceptAt = System.nanoTime() + milliseconds * 1_000_000L;
    }

    /**
     * Between two harvests: accepts those who wait, when the time has come (the sockets are watched for edges), and ends the connections of those who
     * have not said hello for too long.
     *
     * @param milliseconds how long the turn would sleep otherwise; negative: without end
     * @return how long it may
     */
    int accept(int milliseconds) {
        while (unheard.patience() == 0) {
            hearOrEnd(unheard.take());
        }
        if (unaccepted && System.nanoTime() - acceptAt >= 0) {
            unaccepted = !(acceptSome(attachSocket, false) & acceptSome(insSocket, true));
            told = unaccepted ? told : 0;
        }
        int patience = shorter(milliseconds, unheard.patience());
        return unaccepted ? shorter(patience, (int) Math.max(0, (acceptAt - System.nanoTime() + 999_999) / 1_000_000)) : patience;
    }

    /** The shorter of two times, of which a negative one is without end. */
    private static int shorter(int milliseconds, int others) {
        return milliseconds < 0 ? others : others < 0 ? milliseconds : Math.min(milliseconds, others);
    }

    /** The connection has had its time: it ends, if its hello does not lie there already. */
    private void hearOrEnd(int descriptor) {
        connectionEvent(descriptor, 0);
        Connection connection = connections.get(descriptor);
        if (connection != null && connection.region == 0) {
            ended(descriptor, connection);
        }
    }

    private void connectionEvent(int descriptor, int flags) {
        Connection connection = connections.get(descriptor);
        if (connection == null) {
            return;
        }
        byte[] packet = new byte[AttachLayout.HELLO_BYTES];
        int length = system.receive(descriptor, packet);
        if (length > 0 && connection.region == 0) {
            unheard.remove(descriptor);
            hello(descriptor, connection, packet, length);
        }
        // Who said hello and is gone already makes one event of both, and no other follows.
        boolean gone = length == 0 || (flags & (EventPort.RDHUP | EventPort.HUP | EventPort.ERR)) != 0;
        if (gone && connections.get(descriptor) == connection) {
            ended(descriptor, connection);
        }
    }

    private void hello(int descriptor, Connection connection, byte[] packet, int length) {
        ByteBuffer hello = ByteBuffer.wrap(packet).order(ByteOrder.nativeOrder());
        if (length != AttachLayout.HELLO_BYTES || hello.getLong(AttachLayout.HELLO_MAGIC) != HeaderLayout.MAGIC_VALUE) {
            refuse(descriptor, connection, EINVAL, "a hello of " + length + " bytes that is none");
            return;
        }
        int version = hello.getInt(AttachLayout.HELLO_VERSION);
        if (version != HeaderLayout.VERSION_VALUE) {
            refuse(descriptor, connection, EPROTO, "protocol version " + version + ", this gateway speaks " + HeaderLayout.VERSION_VALUE
                    + ": build both from the same release");
            return;
        }
        String name = text(packet, AttachLayout.HELLO_NAME, AttachLayout.HELLO_NAME_BYTES);
        String launch = text(packet, AttachLayout.HELLO_LAUNCH, AttachLayout.HELLO_LAUNCH_BYTES);
        try {
            if (connection.ins) {
                attachIns(descriptor, connection, name, hello.getInt(AttachLayout.HELLO_ABI));
            } else {
                attachApplication(descriptor, connection, name, launch);
            }
        } catch (IOException e) {
            refuse(descriptor, connection, ENOMEM, e.getMessage());
        }
    }

    private void attachApplication(int descriptor, Connection connection, String name, String launch) throws IOException {
        LocalApplicationRegion application = session.regions().application(launch);
        if (application == null) {
            session.regions().makeRoom();
            int id = nextRegion();
            Channels channels = Channels.open(system);
            SharedMemory memory;
            try {
                memory = system.createRegion("ringfence-" + name, geometry(LINUX, config.application_cells()), id);
            } catch (IOException e) {
                channels.release(system);
                throw e;
            }
            application = new LocalApplicationRegion(session, system, port, memory, id, name, launch, connection.pid, channels);
            session.add(application);
        }
        connection.region = application.id();
        application.processAttached();
        welcome(descriptor, 0, application.descriptors());
    }

    private void attachIns(int descriptor, Connection connection, String name, int abi) throws IOException {
        session.regions().makeRoom();
        int id = nextRegion();
        int doorbell = system.eventDescriptor();
        int[] bell = {};
        SharedMemory memory;
        try {
            bell = system.bell();
            memory = system.createRegion("ringfence-ins", geometry(abi, config.ins_cells()), id);
        } catch (IOException e) {
            system.close(doorbell);
            Arrays.stream(bell).forEach(system::close);
            throw e;
        }
        connection.region = id;
        LocalInsRegion ins = new LocalInsRegion(session, system, port, memory, id, name, connection.pid, doorbell, bell[0], descriptor);
        welcome(descriptor, 0, ins.memoryDescriptor(), doorbell, bell[1]);
        system.close(bell[1]);
        session.add(ins);
    }

    /** A number that no region has. */
    private int nextRegion() {
        do {
            lastRegion = lastRegion + 1 & Key.LAST_REGION;
        } while (lastRegion == 0 || session.regions().application(lastRegion) != null || session.regions().ins(lastRegion) != null);
        return lastRegion;
    }

    private Geometry geometry(int abi, int cells) {
        return new Geometry(abi, config.slots(), config.commands(), cells, (long) config.pool_mebibytes() << 20);
    }

    private void welcome(int descriptor, int error, int... descriptors) {
        ByteBuffer welcome = ByteBuffer.allocate(AttachLayout.WELCOME_BYTES).order(ByteOrder.nativeOrder());
        welcome.putLong(AttachLayout.WELCOME_MAGIC, HeaderLayout.MAGIC_VALUE);
        welcome.putInt(AttachLayout.WELCOME_VERSION, HeaderLayout.VERSION_VALUE).putInt(AttachLayout.WELCOME_ERROR, error);
        if (descriptors.length > 0) {
            Connection connection = connections.get(descriptor);
            welcome.putLong(AttachLayout.WELCOME_REGION_BYTES, regionBytes(connection.ins ? config.ins_cells() : config.application_cells()));
        }
        system.send(descriptor, welcome.array(), descriptors);
    }

    private long regionBytes(int cells) {
        return system.regionBytes(geometry(LINUX, cells));
    }

    private void refuse(int descriptor, Connection connection, int errno, String why) {
        LOG.warn("refusing to attach {} of pid {}: {}", connection.ins ? "an INS" : "an application", connection.pid, why);
        welcome(descriptor, errno);
        connections.remove(descriptor);
        system.close(descriptor);
    }

    private void ended(int descriptor, Connection connection) {
        connections.remove(descriptor);
        unheard.remove(descriptor);
        if (connection.region != 0 && connection.ins) {
            LocalInsRegion ins = session.regions().ins(connection.region);
            if (ins != null) {
                session.detach(ins, "region " + ins.id() + ": the INS is gone");
            }
            return; // the region closes the descriptor
        }
        system.close(descriptor);
        LocalApplicationRegion application = session.regions().application(connection.region);
        if (application != null) {
            application.processDetached();
        }
    }

    /** Ends the connections of a region that is being detached: its shims, or its INS, see it. That of an INS is closed by its region. */
    void forget(int region) {
        connections.entrySet().removeIf(entry -> {
            boolean of = entry.getValue().region == region;
            if (of && !entry.getValue().ins) {
                system.close(entry.getKey());
            }
            return of;
        });
    }

    private static String text(byte[] packet, int at, int length) {
        int end = at;
        while (end < at + length && packet[end] != 0) {
            end++;
        }
        // It goes to logs and terminals: no control characters.
        return new String(packet, at, end - at, StandardCharsets.UTF_8).replaceAll("[^\\x21-\\x7e]", "?");
    }

    /** Those of INSs that are attached were closed by their regions. */
    void close() {
        connections.forEach((descriptor, connection) -> {
            if (!connection.ins || connection.region == 0) {
                system.close(descriptor);
            }
        });
        connections.clear();
        system.close(attachSocket);
        system.close(insSocket);
        try {
            Files.deleteIfExists(attachPath);
            Files.deleteIfExists(insPath);
        } catch (IOException e) {
            LOG.warn("removing sockets: {}", e.getMessage());
        }
    }
}
