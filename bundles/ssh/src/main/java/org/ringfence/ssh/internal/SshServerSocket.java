package org.ringfence.ssh.internal;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.global.KeepAliveHandler;
import org.apache.sshd.common.io.nio2.Nio2ServiceFactoryFactory;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.channel.ChannelSessionFactory;
import org.apache.sshd.server.forward.RejectAllForwardingFilter;
import org.apache.sshd.server.global.NoMoreSessionsHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An SSH server that knows the shell and nothing else: public keys are the only way in, "session" the only kind of channel, and no subsystem,
 * agent, port or display is passed on. The library's threads are its own; none is the event loop.
 */
final class SshServerSocket implements SessionListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SshServerSocket.class);
    private static final Duration LOGIN = Duration.ofSeconds(30);
    private static final int ATTEMPTS = 6;
    private static final int THREADS = 2;
    /** Connections of those who have logged in. */
    private static final int MAX_CONNECTIONS = 64;

    /** Connections that have not logged in yet: who is silent does not keep others out. */
    private static final int MAX_STRANGERS = 32;

    private final SshServer server;
    private final SshSettings settings;
    private final Set<Session> connections = ConcurrentHashMap.newKeySet();
    private final Strangers<Session> strangers = new Strangers<>(MAX_STRANGERS);
    private final BoundedLog dropped = new BoundedLog(LOG, 1);

    /** @throws IOException naming key and remedy */
    SshServerSocket(SshSettings settings, Path state) throws IOException {
        this.settings = settings;
        JdkEd25519.register();
        server = SshServer.setUpDefaultServer();
        server.setHost(settings.address().getHostAddress());
        server.setPort(settings.port());
        server.setIoServiceFactoryFactory(new Nio2ServiceFactoryFactory()); // else it looks for one with the context class loader
        server.setKeyPairProvider(KeyPairProvider.wrap(HostKey.of(settings.hostKey())));
        server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
        server.setPublickeyAuthenticator(new AuthorizedKeys(settings.authorizedKeys()));
        server.setPasswordAuthenticator(null);
        server.setKeyboardInteractiveAuthenticator(null);
        server.setHostBasedAuthenticator(null);
        server.setGSSAuthenticator(null);
        server.setChannelFactories(List.of(ChannelSessionFactory.INSTANCE));
        server.setGlobalRequestHandlers(List.of(KeepAliveHandler.INSTANCE, NoMoreSessionsHandler.INSTANCE));
        server.setForwardingFilter(RejectAllForwardingFilter.INSTANCE);
        server.setAgentFactory(null);
        server.setSubsystemFactories(List.of());
        Semaphore free = new Semaphore(settings.sessions());
        server.setShellFactory(channel -> new ShellChannel(state, null, free));
        server.setCommandFactory((channel, line) -> new ShellChannel(state, line, free));
        server.setNioWorkers(THREADS);
        server.addSessionListener(this);
        server.setSessionDisconnectHandler(new Patience());
        CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "Ringfence");
        CoreModuleProperties.AUTH_TIMEOUT.set(server, LOGIN);
        CoreModuleProperties.MAX_AUTH_REQUESTS.set(server, ATTEMPTS);
        CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ofSeconds(settings.idleSeconds()));
        CoreModuleProperties.NIO2_READ_TIMEOUT.set(server, Duration.ofSeconds(settings.idleSeconds() + LOGIN.toSeconds()));
        CoreModuleProperties.STOP_WAIT_TIME.set(server, Duration.ofSeconds(1));
        try {
            server.start();
        } catch (IOException e) {
            close();
            throw new IOException("port " + settings.port() + " of " + settings.address().getHostAddress() + ": " + e.getMessage()
                    + ": write one that is free", e);
        }
    }

    @Override
    public void sessionCreated(Session session) {
        Session oldest = strangers.add(session);
        if (oldest != null) {
            dropped.warn("ssh: {} connections have not logged in: the oldest is dropped, of {}", MAX_STRANGERS, oldest.getIoSession().getRemoteAddress());
            oldest.getIoSession().close(true);
        }
    }

    @Override
    public void sessionEvent(Session session, Event event) {
        if (event == Event.Authenticated) {
            strangers.remove(session);
            connections.add(session);
            if (!session.isOpen()) { // it went meanwhile, and nobody tells again
                connections.remove(session);
            }
            if (connections.size() > MAX_CONNECTIONS) {
                LOG.warn("ssh: {} connections are open: '{}' from {} is one too many, end one", MAX_CONNECTIONS, session.getUsername(),
                        session.getRemoteAddress());
                session.getIoSession().close(true);
                return;
            }
            LOG.info("ssh: '{}' has logged in from {}", session.getUsername(), session.getRemoteAddress());
        }
    }

    @Override
    public void sessionClosed(Session session) {
        strangers.remove(session);
        connections.remove(session);
    }

    @Override
    public void close() {
        try {
            server.close(true).await(Duration.ofSeconds(2));
        } catch (IOException e) {
            LOG.debug("ssh: closing: {}", e.getMessage());
        }
    }

    /** Where it listens, and the host's key. */
    @Override
    public String toString() {
        int port = server.getBoundAddresses().stream().mapToInt(address -> ((InetSocketAddress) address).getPort()).findFirst().orElse(settings.port());
        String key = "";
        try {
            key = KeyUtils.getFingerPrint(server.getKeyPairProvider().loadKeys(null).iterator().next().getPublic());
        } catch (IOException | java.security.GeneralSecurityException e) {
            LOG.debug("ssh: host key: {}", e.getMessage());
        }
        return settings.address().getHostAddress() + " port " + port + ", host key " + key;
    }
}
