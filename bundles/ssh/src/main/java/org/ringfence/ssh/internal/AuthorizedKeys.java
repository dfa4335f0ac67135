package org.ringfence.ssh.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;
import org.apache.sshd.server.auth.pubkey.PublickeyAuthenticator;
import org.apache.sshd.server.session.ServerSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may log in: the keys of a file in OpenSSH's format, read at each attempt. A file that others could write to counts as empty, and so
 * does a line that restricts its key in a way that is not kept here. The name somebody logs in with means nothing. Threads of the server.
 */
final class AuthorizedKeys implements PublickeyAuthenticator {
    private static final Logger LOG = LoggerFactory.getLogger(AuthorizedKeys.class);
    private static final long LONGEST = 1 << 20;
    /** Options that forbid what is forbidden to everybody. */
    private static final Set<String> KEPT_ANYWAY = Set.of("no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc");

    /** Lines a minute, of all connections. */
    private static final int LINES = 20;
    /** The connection has had its line. */
    private static final AttributeRepository.AttributeKey<Boolean> TOLD = new AttributeRepository.AttributeKey<>();

    private final BoundedLog refusals = new BoundedLog(LOG, LINES);
    private final BoundedLog faults = new BoundedLog(LOG, LINES);
    private final Path file;

    AuthorizedKeys(Path file) {
        this.file = file;
    }

    @Override
    public boolean authenticate(String user, PublicKey key, ServerSession session) {
        try {
            refuseForeign();
            for (String line : Files.readAllLines(file)) {
                if (isKeyOf(line.strip(), key, session)) {
                    return true;
                }
            }
            tell(session, "ssh: {} offers key {}, which is not in {}", session.getClientAddress(), KeyUtils.getFingerPrint(key), file);
        } catch (IOException e) {
            tell(session, "ssh: {} is refused: {}", session.getClientAddress(), e.getMessage());
        }
        return false;
    }

    /** One line for each connection: who offers several keys, or one again and again, is told of once. */
    private void tell(ServerSession session, String format, Object... values) {
        if (session.setAttribute(TOLD, true) == null) {
            refusals.warn(format, values);
        }
    }

    private void refuseForeign() throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is not there: write the public keys that may log in into it, a line each (as in ~/.ssh/id_ed25519.pub)");
        }
        PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
        if (attributes.permissions().contains(PosixFilePermission.GROUP_WRITE) || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(file + " can be written to by others: chmod 600 it");
        }
        String owner = attributes.owner().getName();
        if (!owner.equals("root") && !owner.equals(System.getProperty("user.name"))) {
            throw new IOException(file + " belongs to '" + owner + "': it must belong to root or to '" + System.getProperty("user.name") + "'");
        }
        if (attributes.size() > LONGEST) {
            throw new IOException(file + " has " + attributes.size() + " bytes: " + LONGEST + " are the most");
        }
    }

    private boolean isKeyOf(String line, PublicKey key, ServerSession session) {
        if (line.isEmpty() || line.startsWith("#")) {
            return false;
        }
        try {
            AuthorizedKeyEntry entry = AuthorizedKeyEntry.parseAuthorizedKeyEntry(line);
            if (!KeyUtils.compareKeys(key, entry.resolvePublicKey(null, PublicKeyEntryResolver.IGNORING))) {
                return false;
            }
            List<String> unkept = entry.getLoginOptions().keySet().stream().filter(option -> !KEPT_ANYWAY.contains(option.toLowerCase(Locale.ROOT)))
                    .toList();
            if (unkept.isEmpty()) {
                return true;
            }
            tell(session, "ssh: {}: the key {} has options that are not known here and does not count: {}", file, KeyUtils.getFingerPrint(key),
                    String.join(", ", unkept));
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            faults.warn("ssh: {}: a line is no public key and does not count: {}", file, e.getMessage());
        }
        return false;
    }
}
