package org.ringfence.gateway.internal;

/** The first line of an HTTP message, read byte by byte: of a request (RFC 9112, 3) or of a response (RFC 9112, 4). Keeps nothing but numbers. */
final class FirstLine {
    /** What the whole line is the first one of; {@link #PREFACE}: of HTTP/2's (RFC 9113, 3.4). */
    enum Kind { HTTP1, PREFACE, OTHER }

    private static final long HTTP1 = HttpFields.word("HTTP/1.");
    private static final long PRI = HttpFields.word("PRI");
    private static final long HEAD = HttpFields.word("HEAD");
    private static final long CONNECT = HttpFields.word("CONNECT");
    private static final long SEVEN_BYTES = (1L << 56) - 1;
    private static final int LONGEST_METHOD = 20;
    private static final int LEAST_OF_RESPONSE = 12; // bytes up to the status
    /** Where targets begin: another in each gateway, so that nobody outside knows which ones share a number. */
    private static final long SEED = new java.security.SecureRandom().nextLong();
    private static final long PRIME = 0x100000001b3L; // of FNV-1a

    private final boolean request;
    private final HttpVersion version = new HttpVersion(); // of a request
    private int length; // so far
    private long tail; // the last eight bytes, of a response
    private int words; // that are complete
    private boolean pathOver; // what is asked for is complete, but for its query
    private long method;
    private long target;
    private int status;
    private boolean old;

    FirstLine(boolean request) {
        this.request = request;
    }

    void begin() {
        length = 0;
        tail = 0;
        words = 0;
        version.begin();
        pathOver = false;
        target = SEED;
        method = 0;
        status = 0;
        old = false;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /** Another byte of it, but for the end of the line. False if this is none of HTTP/1. */
    boolean add(int c) {
        length++;
        return request ? ofRequest(c) : ofResponse(c);
    }

    private boolean ofRequest(int c) {
        if (words > 1) {
            version.read(c);
        }
        if (c == ' ') {
            pathOver = ++words > 1;
        } else if (words > 0) {
            pathOver |= c == '?';
            target = pathOver ? target : (target ^ c & 0xff) * PRIME;
        } else {
            method = method << 8 | c;
            return length <= LONGEST_METHOD && HttpFields.isTokenLetter(c);
        }
        return true;
    }

    private boolean ofResponse(int c) {
        tail = tail << 8 | c & 0xff;
        if (length == 7) {
            return (tail & SEVEN_BYTES) == HTTP1;
        }
        if (length == 8) {
            old = c == '0';
        } else if (length >= 10 && length <= LEAST_OF_RESPONSE) {
            status = status * 10 + (c - '0');
        }
        return true;
    }

    /** The line ends. */
    Kind end() {
        if (!request) {
            return length < LEAST_OF_RESPONSE ? Kind.OTHER : Kind.HTTP1;
        }
        old = version.isOld();
        if (version.isHttp2() && method == PRI) {
            return Kind.PREFACE;
        }
        return version.isOne() ? Kind.HTTP1 : Kind.OTHER; // "GET /?HTTP/1.1" is a simple request, of HTTP/0.9
    }

    /** Of a request: some servers read its version in another way than others. */
    boolean isOdd() {
        return request && !version.isHttp1();
    }

    /** If it is a whole line: a request of HTTP/0.9, which has no other one (RFC 1945, 4.1). */
    boolean isSimple() {
        return words == 1;
    }

    boolean isHead() {
        return method == HEAD;
    }

    boolean isConnect() {
        return method == CONNECT;
    }

    /** A number for what a request asks for, its query left out. */
    long target() {
        return target;
    }

    /** Of a response. */
    int status() {
        return status;
    }

    /** True of HTTP/1.0. */
    boolean isOld() {
        return old;
    }
}
