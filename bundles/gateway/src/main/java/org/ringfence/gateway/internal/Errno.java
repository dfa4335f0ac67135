package org.ringfence.gateway.internal;

/** The Linux errno values the gateway itself answers with (asm-generic/errno.h), and names for what it shows to people. */
final class Errno {
    static final int EBADF = 9;
    static final int EINVAL = 22;
    static final int EPIPE = 32;
    static final int ENOSYS = 38;
    static final int ENETDOWN = 100;
    static final int EOPNOTSUPP = 95;
    static final int EISCONN = 106;
    static final int EALREADY = 114;
    static final int ECONNABORTED = 103;
    static final int ECONNRESET = 104;
    static final int ENOBUFS = 105;
    static final int ENOTCONN = 107;
    static final int ECONNREFUSED = 111;
    static final int EINPROGRESS = 115;

    static String name(int errno) {
        return switch (errno) {
            case 1 -> "EPERM";
            case EBADF -> "EBADF";
            case 11 -> "EAGAIN";
            case 13 -> "EACCES";
            case EINVAL -> "EINVAL";
            case EPIPE -> "EPIPE";
            case ENOSYS -> "ENOSYS";
            case 90 -> "EMSGSIZE";
            case 92 -> "ENOPROTOOPT";
            case 93 -> "EPROTONOSUPPORT";
            case 94 -> "ESOCKTNOSUPPORT";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case 97 -> "EAFNOSUPPORT";
            case 98 -> "EADDRINUSE";
            case 99 -> "EADDRNOTAVAIL";
            case ENETDOWN -> "ENETDOWN";
            case 101 -> "ENETUNREACH";
            case ECONNABORTED -> "ECONNABORTED";
            case ECONNRESET -> "ECONNRESET";
            case ENOBUFS -> "ENOBUFS";
            case EISCONN -> "EISCONN";
            case ENOTCONN -> "ENOTCONN";
            case 110 -> "ETIMEDOUT";
            case ECONNREFUSED -> "ECONNREFUSED";
            case 113 -> "EHOSTUNREACH";
            case EALREADY -> "EALREADY";
            case EINPROGRESS -> "EINPROGRESS";
            default -> "errno " + errno;
        };
    }

    private Errno() {
    }
}
