package org.ringfence.ssh.internal;

import java.io.IOException;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionDisconnectHandler;
import org.apache.sshd.common.session.helpers.TimeoutIndicator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends sessions that have taken too long, and tells both their clients and the log why. By itself the library tells of an error in the
 * protocol, of which there was none. The library's threads.
 */
final class Patience implements SessionDisconnectHandler {
    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);

    @Override
    public boolean handleTimeoutDisconnectReason(Session session, TimeoutIndicator timeout) throws IOException {
        long seconds = timeout.getThresholdValue().toSeconds();
        switch (timeout.getStatus()) {
            case IdleTimeout -> {
                LOG.info("ssh: '{}' from {} was idle for {} s: idle.timeout", session.getUsername(), session.getRemoteAddress(), seconds);
                session.disconnect(SshConstants.SSH2_DISCONNECT_BY_APPLICATION, "idle for " + seconds + " s: idle.timeout");
            }
            case AuthTimeout -> session.disconnect(SshConstants.SSH2_DISCONNECT_BY_APPLICATION, "no login within " + seconds + " s");
            default -> {
                return false;
            }
        }
        return true; // the library does no more about it: the session is closing
    }
}
