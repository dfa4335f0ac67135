package org.ringfence.ssh.internal;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the shell to SSH when the configuration says so, and closes it again. Nothing of the SSH library is loaded before. A configuration
 * that cannot be had is refused with its key, and what was open stays so. Called by the framework's threads, one at a time.
 */
@Component(service = SshAccess.class, immediate = true, configurationPid = SshAccess.PID)
@Designate(ocd = SshAccess.Keys.class)
public final class SshAccess {
    static final String PID = "org.ringfence.ssh";

    private static final Logger LOG = LoggerFactory.getLogger(SshAccess.class);

    @ObjectClassDefinition(name = "Shell by SSH", description = "The gateway's shell by SSH, on a loopback address and with public keys only; "
            + "a change ends the sessions that are open")
    @interface Keys {
        @AttributeDefinition(name = "Enabled", description = "Whether there is such access at all")
        boolean enabled() default false;

        @AttributeDefinition(name = "Address", description = "The address it listens on: one of 127.0.0.0/8, or ::1; no other is taken")
        String address() default "127.0.0.1";

        @AttributeDefinition(name = "Port", description = "The TCP port it listens on; 0: the kernel chooses one, and the log names it", min = "0",
                max = "65535")
        int port() default 8022;

        @AttributeDefinition(name = "Authorized keys", description = "File of the public keys that may log in, in OpenSSH's format and read at each"
                + " login; a path that is not absolute begins in the state directory. It must belong to the gateway's user or root, and others must"
                + " not be able to write to it")
        String authorized_keys() default "authorized_keys";

        @AttributeDefinition(name = "Host key", description = "File of the server's private key; it is made, with mode 600, if it is not there. A path"
                + " that is not absolute begins in the state directory")
        String host_key() default "ssh_host_key";

        @AttributeDefinition(name = "Idle timeout", description = "Seconds after which a session without traffic is ended", min = "1", max = "86400")
        int idle_timeout() default 1800;

        @AttributeDefinition(name = "Sessions", description = "How many shells and commands may run at a time; one more is told so and ends with status 3", min = "1",
                max = "16")
        int max_sessions() default 4;
    }

    private final Path state;
    private SshSettings settings;
    private SshServerSocket open;

    @Activate
    public SshAccess(BundleContext context, Keys keys) {
        state = Path.of(String.valueOf(context.getProperty("ringfence.state")));
        configure(keys);
    }

    @Modified
    void configure(Keys keys) {
        SshSettings wanted;
        try {
            wanted = SshSettings.of(keys, state);
        } catch (IllegalArgumentException e) {
            LOG.error("{}: {}; {}", PID, e.getMessage(), open == null ? "there is no access by SSH" : "access stays as it was: " + open);
            return;
        }
        if (wanted.equals(settings) && (open != null) == wanted.enabled()) {
            return;
        }
        close();
        settings = wanted;
        if (wanted.enabled()) {
            try {
                open = new SshServerSocket(wanted, state);
                LOG.info("shell by SSH on {}", open);
            } catch (IOException | RuntimeException | LinkageError e) {
                LOG.error("{}: {}; there is no access by SSH", PID, e.getMessage());
            }
        }
    }

    @Deactivate
    void close() {
        if (open != null) {
            LOG.info("shell by SSH is no longer on {}", open);
            open.close();
            open = null;
        }
    }
}
