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
        /** HTTP/2's preface begins here: its first line was read, and the empty one behind it (RFC 9113, 3.4). */
        PREFACE
    }

    private enum State { START, NAME, VALUE, VALUE_OVER, SKIP, BODY, CHUNK_SIZE, CHUNK_BLANK, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE, OTHER }

    private static final long FAR = 1L << 60;

    private final boolean requests;
    private State state;
    private int length; // of a trailer's line, or of a chunk's size, so far
    private boolean over; // between two messages, and the head of the first is kept
    private boolean returned; // a carriage return was read last, in this line
    private boolean lineOver; // of the first line
    private boolean bare; // a line ended without one, or has one elsewhere
    private boolean preface; // nothing but the first line was read, and it is that of HTTP/2's
    private long left; // of a body or chunk

    // the present or last message
    private final FirstLine first;
    final HttpFields fields = new HttpFields();

    /** For a response: the request was HEAD, or CONNECT. */
    boolean answersHead;
    boolean answersConnect;

    HttpReader(boolean requests) {
        this.requests = requests;
        first = new FirstLine(requests);
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
        returned = false;
        lineOver = false;
        bare = false;
        preface = false;
        first.begin();
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
        return state == State.START && (over || first.isEmpty());
    }

    /** True in a head that has begun. */
    boolean isInHead() {
        return state == State.NAME || state == State.VALUE || state == State.VALUE_OVER || state == State.SKIP
                || state == State.START && !isBetween();
    }

    /** True if by the message's head the connection ends behind the exchange (RFC 9112, 9.3), to all servers: of two options nginx has the last. */
    boolean endsConnection() {
        return fields.closes && !fields.keepsAlive || first.isOld() && !fields.mayKeepAlive;
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
        return lineOver && first.isSimple();
    }

    /** A head that servers may read in different ways: some of them wait for more. */
    boolean isLoose() {
        return bare || fields.odd || first.isOdd() || fields.chunked && (fields.contentLength >= 0 || first.isOld());
    }

    boolean isHead() {
        return first.isHead();
    }

    boolean isConnect() {
        return first.isConnect();
    }

    /** A number for what a request asks for, its query left out. */
    long target() {
        return first.target();
    }

    /** Of a response. */
    int status() {
        return first.status();
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
                    if (returned && c != '\n') {
                        bare = true;
                        state = State.SKIP; // "\r\r\n" is no empty line: servers read on
                    } else if (c == ':') {
                        state = fields.nameEnds() ? State.VALUE : State.SKIP;
                    } else if (c == '\n') {
                        if (fields.isLineEmpty()) {
                            bare |= !returned;
                            return at(i, preface ? other() : headEnds());
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
                        returned = false;
                    } else {
                        bare |= returned;
                        returned = c == '\r';
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
            return isBetween() ? Event.MORE : firstLineEnds(); // RFC 9112, 2.2: empty lines before a request are ignored
        }
        if (c == '\r') {
            bare |= returned;
            returned = !isBetween();
            return Event.MORE;
        }
        if (over) {
            begin();
        }
        bare |= returned;
        returned = false;
        return first.add(c) ? Event.MORE : other();
    }

    private Event firstLineEnds() {
        lineOver = true;
        bare |= !returned;
        switch (first.end()) {
            case HTTP1 -> line();
            case PREFACE -> {
                line();
                preface = true;
            }
            default -> {
                return other();
            }
        }
        return Event.MORE;
    }

    private Event other() {
        state = State.OTHER;
        return preface ? Event.PREFACE : Event.OTHER;
    }

    private void line() {
        state = State.NAME;
        returned = false;
        preface = false;
        fields.line();
    }

    // ---- bodies ----

    private Event headEnds() {
        int status = first.status();
        if (!requests && status >= 100 && status < 200 && status != 101) {
            begin(); // another head follows
            return Event.MORE;
        }
        if (!requests && (status == 101 || answersConnect && status >= 200 && status < 300)) {
            return other();
        }
        boolean without = !requests && (answersHead || status == 204 || status == 304);
        if (fields.chunked && !without) {
            chunkSizeBegins();
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
        returned = false;
        over = true;
        return Event.MESSAGE;
    }

    private Event chunk(int c) {
        switch (state) {
            case CHUNK_SIZE -> {
                int digit = Character.digit(c, 16);
                if (digit >= 0) {
                    left = left >= FAR >> 4 ? FAR : left << 4 | digit;
                    length++;
                } else {
                    return behindSize(c);
                }
            }
            case CHUNK_BLANK -> {
                return behindSize(c);
            }
            case CHUNK_EXTENSION -> {
                if (c == '\n') {
                    return chunkBegins();
                }
            }
            case CHUNK_END -> {
                if (c == '\n') {
                    chunkSizeBegins();
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
                } else if (c != '\r' || returned) { // as in a head
                    length++;
                }
                returned = c == '\r';
            }
        }
        return Event.MORE;
    }

    private void chunkSizeBegins() {
        left = 0;
        length = 0;
        state = State.CHUNK_SIZE;
    }

    /** What may follow a size: blanks, as some servers have it, an extension, or the end of the line (RFC 9112, 7.1). */
    private Event behindSize(int c) {
        switch (c) {
            case '\n' -> {
                return chunkBegins();
            }
            case ';' -> state = State.CHUNK_EXTENSION;
            case ' ', '\t', '\r' -> state = State.CHUNK_BLANK;
            default -> {
                return other();
            }
        }
        return Event.MORE;
    }

    private Event chunkBegins() {
        if (length == 0) {
            return other(); // no size
        }
        length = 0;
        returned = false;
        state = left == 0 ? State.TRAILER : State.CHUNK_DATA;
        return Event.MORE;
    }
}
