package org.ringfence.ssh.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Iterator;
import java.util.Set;
import org.apache.sshd.common.NamedResource;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.util.security.SecurityUtils;

/** The server's key: of a file that only its owner can read, made with the first use. */
final class HostKey {
    private static final Set<PosixFilePermission> OWNER = Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private HostKey() {
    }

    /** @throws IOException that names the file and the remedy */
    static KeyPair of(Path file) throws IOException {
        try {
            if (!Files.exists(file)) {
                make(file);
            }
            if (!OWNER.containsAll(Files.getPosixFilePermissions(file))) {
                throw new IOException("others can read it, so that it is no secret: remove it, and one is made; clients then have to forget the old one");
            }
            try (InputStream in = Files.newInputStream(file)) {
                Iterable<KeyPair> pairs = SecurityUtils.loadKeyPairIdentities(null, NamedResource.ofName(file.toString()), in, null);
                Iterator<KeyPair> pair = pairs == null ? null : pairs.iterator();
                if (pair == null || !pair.hasNext()) {
                    throw new IOException("there is no private key in it: remove it, and one is made");
                }
                return pair.next();
            }
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            throw new IOException("host.key " + file + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()), e);
        }
    }

    private static void make(Path file) throws IOException, GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        Path partial = Files.createTempFile(file.toAbsolutePath().getParent(), file.getFileName().toString(), ".new",
                PosixFilePermissions.asFileAttribute(OWNER));
        try {
            try (OutputStream out = Files.newOutputStream(partial)) {
                OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(pair, "ringfence", null, out);
            }
            Files.move(partial, file); // whole, or not at all
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
