package org.ringfence.translator;

/** The errno values of Linux this bundle gives itself; a test holds them against linux-netbsd-abi.tsv. */
final class LinuxErrno {
    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int EDOM = 33;
    static final int ENOSYS = 38;
    static final int EMSGSIZE = 90;
    static final int ENOPROTOOPT = 92;
    static final int EPROTONOSUPPORT = 93;
    static final int ESOCKTNOSUPPORT = 94;
    static final int EAFNOSUPPORT = 97;

    private LinuxErrno() {
    }
}
