package org.ringfence.ssh.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * What is configured, checked.
 *
 * @param port 0: any
 * @param idleSeconds a session without traffic for so long is ended
 */
record SshSettings(boolean enabled, InetAddress address, int port, Path authorizedKeys, Path hostKey, int idleSeconds, int sessions) {
    /** An address and no name: what a name means can change. */
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F.:]*:[0-9a-fA-F.:]*");

    /** @throws IllegalArgumentException that names key, value and remedy */
    static SshSettings of(SshAccess.Keys keys, Path state) {
        return new SshSettings(keys.enabled(), loopback(keys.address().strip()), keys.port(),
                file("authorized.keys", keys.authorized_keys(), state), file("host.key", keys.host_key(), state), keys.idle_timeout(),
                keys.max_sessions());
    }

    private static InetAddress loopback(String text) {
        try {
            if (LITERAL.matcher(text).matches()) {
                InetAddress address = InetAddress.getByName(text);
                if (address.isLoopbackAddress()) {
                    return address;
                }
            }
        } catch (UnknownHostException e) {
            // said below
        }
        throw new IllegalArgumentException("address '" + text + "' is no loopback address: write 127.0.0.1 or ::1, and reach it from elsewhere through"
                + " the host's own SSH (docs/operations.md)");
    }

    private static Path file(String key, String text, Path state) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(key + " is empty: write the path of a file");
        }
        return state.resolve(text.strip());
    }
}
