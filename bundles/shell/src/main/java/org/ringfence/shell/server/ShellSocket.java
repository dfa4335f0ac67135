package org.ringfence.shell.server;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.ringfence.shell.command.Commands;
import org.ringfence.shell.protocol.Duplex;
import org.ringfence.shell.protocol.Frame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import jdk.net.ExtendedSocketOptions;

/**
 * Listens on {@code ${ringfence.state}/shell.sock} (mode 0600) and gives each client a {@link ShellSession}.
 *
 * <p>Who may connect is decided twice: by the mode of the socket in a directory of mode 0700, and by the peer's
 * credentials (SO_PEERCRED), which the kernel recorded at connect: the owner of the socket or root, nobody else.
 *
 * <p>One thread accepts; each session has its own two. None of them is the event loop.
 */
@Component(service = ShellSocket.class, immediate = true)
public final class ShellSocket {

    /** A person has one or two sessions open; more than this is a script gone wrong. */
    static final int MAX_SESSIONS = 16;
    /** The status of a command that there is no session for: as if nobody answered. */
    private static final int REFUSED = 3;

    private static final Logger LOG = LoggerFactory.getLogger(ShellSocket.class);

    private final CommandProcessor processor;
    private final Function<String, List<String>> completer;
    private final Path path;
    private final ServerSocketChannel listener;
    private final UserPrincipal owner;
    private final Set<ShellSession> sessions = ConcurrentHashMap.newKeySet();

    @Activate
    public ShellSocket(@Reference CommandProcessor processor, @Reference Commands commands, BundleContext context) throws IOException {
        this(processor, commands::complete, stateDirectory(context).resolve("shell.sock"));
    }

    ShellSocket(CommandProcessor processor, Function<String, List<String>> completer, Path path) throws IOException {
        this.processor = processor;
        this.completer = completer;
        this.path = path;
        Files.deleteIfExists(path);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            owner = Files.getOwner(path);
        } catch (IOException | RuntimeException e) {
            listener.close();
            throw new IOException("shell socket " + path + ": " + e.getMessage()
                    + ": the directory must exist and be writable, the path no longer than 107 bytes", e);
        }
        Thread acceptor = new Thread(this::accept, "shell-accept");
        acceptor.setDaemon(true);
        acceptor.start();
        LOG.info("shell on {}", path);
    }

    private static Path stateDirectory(BundleContext context) {
        String state = context.getProperty("ringfence.state");
        if (state == null || state.isEmpty()) {
            throw new IllegalStateException("framework property ringfence.state is not set: "
                    + "start the gateway with './ringfence up', or set it to the instance's directory");
        }
        return Path.of(state);
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel peer = listener.accept();
                try {
                    admit(peer);
                } catch (IOException e) { // of this one only
                    LOG.debug("shell socket {}: a client: {}", path, e.getMessage());
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                LOG.warn("shell socket {}: accept failed: {}", path, e.getMessage());
                return;
            }
        }
    }

    private void admit(SocketChannel peer) throws IOException {
        boolean admitted = false;
        try {
            UserPrincipal user = peer.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
            if (!user.equals(owner) && !user.getName().equals("root")) {
                LOG.warn("shell socket {}: user '{}' is neither owner '{}' nor root: refused", path, user, owner);
            } else if (sessions.size() >= MAX_SESSIONS) {
                LOG.warn("shell socket {}: {} sessions are open: refused one more, close some", path, MAX_SESSIONS);
                refuse(peer, MAX_SESSIONS + " sessions are open: end one");
            } else {
                peer.setOption(StandardSocketOptions.SO_SNDBUF, 64 * 1024);
                ShellSession session = new ShellSession(processor, completer, peer, sessions::remove);
                sessions.add(session);
                session.start();
                admitted = true;
            }
        } finally {
            if (!admitted) {
                peer.close();
            }
        }
    }

    private static void refuse(SocketChannel peer, String why) throws IOException {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Duplex.output(peer)));
        new Frame(Frame.ERROR, ("ringfence shell: " + why + "\n").getBytes(StandardCharsets.UTF_8)).writeTo(out);
        Frame.status(REFUSED).writeTo(out);
        out.flush();
    }

    @Deactivate
    void close() throws IOException {
        listener.close();
        Files.deleteIfExists(path);
        sessions.forEach(ShellSession::close);
    }
}
