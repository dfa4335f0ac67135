package org.ringfence.gateway.internal;

/**
 * Follows one direction of an HTTP/1 connection (RFC 9112): where heads and messages end, and the few header fields that matter for that.
 * Reads each byte once, in whatever pieces they come, and keeps nothing but numbers. What it does not understand it says, and leaves alone.
 */
final class HttpReader {
    /** What {@link #read} stopped at. */
    enum Event {
        /** Nothing: all bytes were read. */
        MORE,
        /** The empty line behind a head was read; a body follows. */
        HEAD,
        /** The last byte of a message was read. Its head is still known. */
        MESSAGE,
        /** This is no HTTP/1, or no longer: nothing more can be said. */
        OTHER,
        /** The first line of HTTP/2's preface was read (RFC 9113, 3.4). */
        PREFACE
    }

    private enum State { START, NAME, VALUE, VALUE_OVER, SKIP, BODY, CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE, OTHER }

    private static final long HTTP1 = HttpFields.word("HTTP/1.");
    private static final long HTTP2 = HttpFields.word("HTTP/2.0");
    private static final long HEAD = HttpFields.word("HEAD");
    private static final long CONNECT = HttpFields.word("CONNECT");
    private static final long SEVEN_BYTES = (1L << 56) - 1;
    private static final int LONGEST_METHOD = 20;
    private static final long FAR = 1L << 60;
    /** Where targets begin: another in each gateway, so that nobody outside knows which ones share a number. */
    private static final long SEED = new java.security.SecureRandom().nextLong();
    private static final long PRIME = 0x100000001b3L; // of FNV-1a

    private final boolean requests;
    private State state;
    private int length; // of the line so far
    private long tail; // the last eight bytes
    private boolean over; // between two messages, and the head of the first is kept
    private int words; // of a request line that are complete
    private boolean pathOver; // what is asked for is complete, but for its query
    private boolean returned; // a carriage return was read in this line
    private boolean lineOver; // of the first line
    private boolean bare; // a line ended without one
    private long left; // of a body or chunk

    // the present or last message
    private long method;
    private long target;
    private int status;
    private boolean old; // HTTP/1.0
    final HttpFields fields = new HttpFields();

    /** For a response: the request was HEAD, or CONNECT. */
    boolean answersHead;
    boolean answersConnect;

    HttpReader(boolean requests) {
        this.requests = requests;
        reset();
    }

    boolean readsRequests() {
        return requests;
    }

    /** For another connection. */
    void reset() {
        begin();
        answersHead = false;
        answersConnect = false;
    }

    private void begin() {
        over = false;
        state = State.START;
        length = 0;
        tail = 0;
        words = 0;
        pathOver = false;
        returned = false;
        lineOver = false;
        bare = false;
        target = SEED;
        method = 0;
        status = 0;
        old = false;
        fields.begin();
    }

    /** Bytes that can be skipped without being looked at: those of a body. */
    long skippable() {
        return state == State.BODY || state == State.CHUNK_DATA ? left : state == State.UNTIL_CLOSE || state == State.OTHER ? Long.MAX_VALUE : 0;
    }

    /** Skips up to {@link #skippable} bytes. */
    Event skip(long bytes) {
        if (state == State.UNTIL_CLOSE || state == State.OTHER) {
            return Event.MORE;
        }
        left -= bytes;
        if (left > 0) {
            return Event.MORE;
        }
        if (state == State.CHUNK_DATA) {
            state = State.CHUNK_END;
            return Event.MORE;
        }
        return over();
    }

    /** True between two messages. */
    boolean isBetween() {
        return state == State.START && length == 0;
    }

    /** True in a head that has begun. */
    boolean isInHead() {
        return state == State.NAME || state == State.VALUE || state == State.VALUE_OVER || state == State.SKIP || state == State.START && length > 0;
    }

    /** True if by the message's head the connection ends behind the exchange (RFC 9112, 9.3). */
    boolean endsConnection() {
        return fields.closes || old && !fields.keepsAlive;
    }

    /** True in a message whose end only the end of the connection tells, or that is not understood. */
    boolean isEndless() {
        return state == State.UNTIL_CLOSE || state == State.OTHER;
    }

    /** Of what is not understood the first line was read; else its end is to come. */
    boolean isLineOver() {
        return lineOver;
    }

    /** The line that was read is a request of HTTP/0.9, which has no other (RFC 1945, 4.1). */
    boolean isSimple() {
        return lineOver && words == 1;
    }

    /** A head that servers may read in different ways: some of them wait for more. */
    boolean isLoose() {
        return bare || fields.odd;
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

    /** Bytes of the body, -1 if the head does not say. */
    long contentLength() {
        return fields.contentLength;
    }

    boolean isChunked() {
        return fields.chunked;
    }

    int position;

    /** Reads until something happens; {@link #position} is then behind the last byte that was read. */
    Event read(byte[] b, int from, int to) {
        int i = from;
        while (i < to) {
            switch (state) {
                case START -> {
                    Event event = Event.MORE;
                    while (i < to && event == Event.MORE && state == State.START) {
                        event = first(b[i++]);
                    }
                    if (event != Event.MORE) {
                        return at(i, event);
                    }
                }
                case NAME -> {
                    int c = b[i++];
                    if (c == ':') {
                        state = fields.nameEnds() ? State.VALUE : State.SKIP;
                    } else if (c == '\n') {
                        if (fields.isLineEmpty()) {
                            bare |= !returned;
                            return at(i, headEnds());
                        }
                        line();
                    } else if (c == '\r') {
                        returned = true;
                    } else if (!fields.name(c)) {
                        state = State.SKIP;
                    }
                }
                case SKIP -> {
                    while (i < to && b[i] != '\n') {
                        i++;
                    }
                    if (i < to) {
                        i++;
                        line();
                    }
                }
                case VALUE -> {
                    int c = b[i++];
                    if (c == '\n') {
                        state = State.VALUE_OVER;
                    } else {
                        fields.value(c);
                    }
                }
                case VALUE_OVER -> {
                    if (b[i] == ' ' || b[i] == '\t') { // RFC 9112, 5.2: it is folded
                        state = State.VALUE;
                    } else {
                        fields.valueEnds();
                        line();
                    }
                }
                case BODY, CHUNK_DATA, UNTIL_CLOSE, OTHER -> {
                    int n = (int) Math.min(skippable(), to - i);
                    i += n;
                    Event event = skip(n);
                    if (event != Event.MORE) {
                        return at(i, event);
                    }
                }
                default -> {
                    Event event = chunk(b[i++]);
                    if (event != Event.MORE) {
                        return at(i, event);
                    }
                }
            }
        }
        return at(i, Event.MORE);
    }

    private Event at(int i, Event event) {
        position = i;
        return event;
    }

    // ---- the first line ----

    private Event first(int c) {
        if (c == '\n') {
            return length == 0 ? Event.MORE : firstLineEnds(); // RFC 9112, 2.2: empty lines before a request are ignored
        }
        if (c == '\r') {
            returned = length > 0;
            return Event.MORE;
        }
        if (over) {
            begin();
        }
        length++;
        tail = tail << 8 | c & 0xff;
        if (requests) {
            if (c == ' ') {
                pathOver = ++words > 1;
            } else if (words > 0) {
                pathOver |= c == '?';
                target = pathOver ? target : (target ^ c & 0xff) * PRIME;
            } else {
                if (length > LONGEST_METHOD || !HttpFields.isTokenLetter(c)) {
                    return other();
                }
                method = method << 8 | c;
            }
        } else if (length == 7 && (tail & SEVEN_BYTES) != HTTP1) {
            return other();
        } else if (length == 8) {
            old = c == '0';
        } else if (length >= 10 && length <= 12) {
            status = status * 10 + (c - '0');
        }
        return Event.MORE;
    }

    private Event firstLineEnds() {
        lineOver = true;
        bare |= !returned;
        if (requests) {
            if (tail == HTTP2) {
                state = State.OTHER;
                return Event.PREFACE;
            }
            if ((tail >>> 8) != HTTP1 || words == 0) {
                return other();
            }
            old = (tail & 0xff) == '0';
        } else if (length < 12) {
            return other();
        }
        line();
        return Event.MORE;
    }

    private Event other() {
        state = State.OTHER;
        return Event.OTHER;
    }

    private void line() {
        state = State.NAME;
        returned = false;
        fields.line();
    }

    // ---- bodies ----

    private Event headEnds() {
        if (!requests && status >= 100 && status < 200 && status != 101) {
            begin(); // another head follows
            return Event.MORE;
        }
        if (!requests && (status == 101 || answersConnect && status >= 200 && status < 300)) {
            return other();
        }
        boolean without = !requests && (answersHead || status == 204 || status == 304);
        if (fields.chunked && !without) {
            left = 0;
            state = State.CHUNK_SIZE;
            return Event.HEAD;
        }
        if (!without && fields.contentLength > 0 && !fields.badLength) {
            left = fields.contentLength;
            state = State.BODY;
            return Event.HEAD;
        }
        if (!requests && !without && fields.contentLength < 0) {
            state = State.UNTIL_CLOSE;
            return Event.HEAD;
        }
        return over();
    }

    /** The message is over; what its head said stays until the next one begins. */
    private Event over() {
        state = State.START;
        length = 0;
        over = true;
        return Event.MESSAGE;
    }

    private Event chunk(int c) {
        switch (state) {
            case CHUNK_SIZE -> {
                int digit = Character.digit(c, 16);
                if (digit >= 0) {
                    left = Math.min(left << 4 | digit, FAR);
                } else if (c == '\n') {
                    chunkBegins();
                } else if (c == ';') {
                    state = State.CHUNK_EXTENSION;
                } else if (c != '\r' && c != ' ') {
                    return other();
                }
            }
            case CHUNK_EXTENSION -> {
                if (c == '\n') {
                    chunkBegins();
                }
            }
            case CHUNK_END -> {
                if (c == '\n') {
                    left = 0;
                    state = State.CHUNK_SIZE;
                } else if (c != '\r') {
                    return other();
                }
            }
            default -> {
                if (c == '\n') {
                    if (length == 0) {
                        return over();
                    }
                    length = 0;
                } else if (c != '\r') {
                    length++;
                }
            }
        }
        return Event.MORE;
    }

    private void chunkBegins() {
        length = 0;
        state = left == 0 ? State.TRAILER : State.CHUNK_DATA;
    }
}
