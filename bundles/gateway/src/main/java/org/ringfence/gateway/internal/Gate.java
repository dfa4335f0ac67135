package org.ringfence.gateway.internal;

import org.ringfence.api.policy.HoldRule;
import org.ringfence.api.policy.Request;
import org.ringfence.api.policy.Stage;

/**
 * What the gateway knows of a connection from outside beyond its bytes: where it stands in its protocol, and what of it the application
 * may see. One per row of the table, made when the row first needs it. Event loop's thread only.
 */
final class Gate implements Request {
    /** What is looked for in the bytes from the network. */
    enum Watch {
        /** Nothing: they pass. */
        NOTHING,
        /** What kind they are. */
        FIRST_BYTE,
        /** HTTP/1 requests, one after the other. */
        HTTP,
        /** The end of a ClientHello. */
        TLS,
        /** The end of HTTP/2's preface. */
        PREFACE,
        /** The empty line behind a head that is not understood. */
        EMPTY_LINE
    }

    /** A window for less than this is shut, but for scraps. */
    private static final long SCRAPS = 4096;
    /** So long an application may be busy with the last byte of a stream; sweeps let one rest that has been silent for longer. */
    private static final long BUSY_NANOSECONDS = 2_000_000_000L;

    HoldRule rule;
    Listening listening;
    Watch watch;
    /** The application knows the connection. */
    boolean offered;
    long offeredAt;
    /** It is held, its client has ended it, and it waits until the application has done with others of the kind. */
    boolean left;
    /** It has taken a byte. */
    boolean read;
    /** Let through without evidence: nothing is held. */
    boolean probe;

    private final HttpReaders readers;
    /** Null while nothing of a message was read. */
    private HttpReader requests;
    private HttpReader responses;
    private TlsHello hello;
    /** Position in the in flow up to which bytes were looked at, and up to which the application may see them. */
    long parsed;
    long complete;
    long messageAt;
    /** Where what the client has sent since {@link #stageSince} begins: behind what it had sent when its request went on, if that waited. */
    long sentFrom;
    /** Nothing but a carriage return was read of the line, where an empty one is waited for. */
    boolean lineEmpty;
    /** What the application got may be less than a request, in which case it waits for more: bytes it had sent by then. */
    boolean doubtful;
    long sentBefore;
    boolean doubtsAgain;
    /** What is in doubt is a head up to its empty line: what comes behind its answer is followed again. */
    boolean headInDoubt;
    /** What came first is a request line, though the listener is thought to speak something else. */
    boolean asksInHttp;
    /** The body is too long to be held: it passes as it comes. */
    boolean streaming;
    private boolean expected;

    /** Requests the application has seen and not answered; bit 0 of the others: the oldest is HEAD, or CONNECT. */
    int outstanding;
    private long heads;
    private long connects;
    long parsedOut;
    /** The ends of responses are known. */
    boolean responsesKnown;
    boolean answered;
    /** A client has said that it wants no further request answered: its server ends the connection, even if it does not say so. */
    private boolean ends;
    /** Bytes of the out direction that went through slots of the application before the present one. */
    long carriedOut;

    Stage stage;
    long stageSince;
    long stageBytes;
    long lastIn;
    long lastOut;
    long requestCount;
    /** When the last response was complete. */
    long idleSince;
    /** What of the last response the INS had not taken, and since when; older than {@link #idleSince}: of an earlier one. */
    long drainLeft;
    long drainSince;
    // as of the last sweep
    long swept;
    long inAtSweep;
    long outAtSweep;
    double inRate;
    double outRate;
    long outWaiting;
    /** When there was something to take again after there was nothing. */
    long waitingSince;
    boolean reported;
    /** It was decided that a bound ends it, or, in observe mode, reported that it would have. */
    boolean overrun;
    /** What the INS's stack says of the peer; -1: not asked yet. */
    long peerWindow;
    long acked;
    long ackedAt;
    /** Since when it has been asked, without a pause in which nothing waited. */
    long ackedSince;
    long askedAt;
    /** What the application is answering, as {@link HttpReader#target} has it; 0 if that is not known. */
    long answering;
    /** Positions in the out direction: of the present response, and behind its head. */
    long responseAt;
    long bodyAt;
    /** The request keeps a worker for as long as its client likes: its body is streaming, or its response is long. */
    boolean isLong;
    /** The request is complete, or as much of it as is held, and waits for its turn: see {@link LongRequests}. */
    boolean waits;
    /** At the last sweep the application waited for this client: for room for what it writes to him, or for either that or what he sends. */
    boolean blocksWriter;
    boolean pins;
    /** Bytes a second that the peer acknowledges, since it was first asked or of late, much counting as less; -1: not known yet. */
    double ackRate;
    /** The same of the last seconds, as much as it is; of no meaning while {@code ackRate} is not known. */
    double takeRate;
    /** The next request waits until its client has taken more of the last response. */
    boolean deferred;
    /** A response was seen, and all were small. */
    boolean smallResponses;
    boolean firstResponse;
    long throttledUntil;
    long nextPortion;
    boolean shrunk;
    long shrunkUntil;
    /** Counted by its listener as quiet: held if so, with so many bytes. */
    boolean quiet;
    boolean quietHeld;
    boolean quietBusy;
    boolean quietWatched;
    int quietBytes;

    Gate(HttpReaders readers) {
        this.readers = readers;
    }

    HttpReader requests() {
        if (requests == null) {
            requests = readers.take(true);
        }
        return requests;
    }

    HttpReader responses() {
        if (responses == null) {
            responses = readers.take(false);
        }
        return responses;
    }

    TlsHello hello() {
        if (hello == null) {
            hello = new TlsHello();
        }
        return hello;
    }

    /** Nothing happens for a while: what is not in the middle of a message gives its readers back. */
    void rest() {
        if (watch == Watch.NOTHING || isIdle() && (requests == null || requests.isBetween())) {
            giveReaders();
        }
    }

    private void giveReaders() {
        hello = null;
        if (requests != null) {
            readers.give(requests);
            requests = null;
        }
        if (responses != null) {
            readers.give(responses);
            responses = null;
        }
    }

    void begin(HoldRule heldBy, Listening from, long now) {
        rule = heldBy;
        listening = from;
        watch = Watch.NOTHING;
        offered = false;
        offeredAt = now;
        left = false;
        read = false;
        probe = false;
        follow(0, 0);
        messageAt = 0;
        sentFrom = 0;
        lineEmpty = false;
        asksInHttp = false;
        streaming = false;
        expected = false;
        ends = false;
        answered = false;
        carriedOut = 0;
        stage = Stage.SILENT;
        stageSince = now;
        stageBytes = 0;
        lastIn = now;
        lastOut = now;
        requestCount = 0;
        idleSince = now;
        swept = now;
        inAtSweep = 0;
        outAtSweep = 0;
        inRate = 0;
        outRate = 0;
        reported = false;
        overrun = false;
        outWaiting = 0;
        waitingSince = now;
        peerWindow = -1;
        acked = -1;
        ackedAt = now;
        ackedSince = now;
        askedAt = 0;
        deferred = false;
        answering = 0;
        responseAt = 0;
        bodyAt = 0;
        isLong = false;
        waits = false;
        blocksWriter = false;
        pins = false;
        ackRate = -1;
        takeRate = 0;
        smallResponses = false;
        firstResponse = true;
        throttledUntil = 0;
        nextPortion = 0;
        shrunk = false;
        quiet = false;
    }

    void enter(Stage next, long now) {
        stage = next;
        stageSince = now;
        stageBytes = 0;
    }

    /** From here on requests and responses are followed, whatever was before; so many bytes were moved in and out. */
    void follow(long in, long out) {
        giveReaders();
        parsed = in;
        complete = in;
        doubtful = false;
        doubtsAgain = false;
        headInDoubt = false;
        outstanding = 0;
        heads = 0;
        connects = 0;
        parsedOut = out;
        responsesKnown = true;
    }

    /** A request begins. */
    void requestBegins(long now) {
        messageAt = parsed;
        sentFrom = parsed;
        expected = false;
        doubtful = false;
        enter(Stage.HEAD, now);
    }

    /** The application is about to see a request, or its beginning: an answer is to be expected, and room for it. */
    void expectAnswer(RelayedSocket socket) {
        ends |= requests().endsConnection();
        if (expected) {
            return;
        }
        expected = true;
        answering = outstanding == 0 ? requests().target() : 0;
        if (outstanding == 0) {
            responses().answersHead = requests().isHead();
            responses().answersConnect = requests().isConnect();
            responseAt = parsedOut;
            int bytes = shrunk || requests().isHead() ? 0 : listening.responseSizes.of(answering);
            if (bytes > 0) {
                socket.outward.expect(bytes);
            }
        } else if (outstanding < Long.SIZE) {
            heads |= (requests().isHead() ? 1L : 0) << outstanding;
            connects |= (requests().isConnect() ? 1L : 0) << outstanding;
        } else {
            responsesKnown = false;
        }
        outstanding++;
    }

    /** A response is complete. */
    void answerEnds() {
        outstanding--;
        answering = 0;
        isLong = false;
        heads >>>= 1;
        connects >>>= 1;
        responses().answersHead = (heads & 1) != 0;
        responses().answersConnect = (connects & 1) != 0;
    }

    /** What goes to the application may not be all it takes for a request; so many bytes it has sent. */
    void doubt(boolean is, long sent) {
        doubtful = is;
        sentBefore = sent;
    }

    /** True if the application has read something that it has not answered: what is no HTTP may be that while bytes move, or wait, {@code unread} at it. */
    boolean isBusy(long unread, long now) {
        boolean moves = stage == Stage.STREAM && (unread > 0 || outWaiting > 0 || now - Math.max(lastIn, lastOut) < BUSY_NANOSECONDS);
        return read && (moves || streaming || outstanding > 0 || doubtsAgain && outWaiting > 0);
    }

    /** There is no room at the client, but for scraps. */
    boolean isShut() {
        return peerWindow >= 0 && peerWindow < SCRAPS;
    }

    /** Bytes a second that the client takes. What went into the stack's buffer at once says nothing of that, where the stack can be asked. */
    double takes() {
        return ackRate >= 0 ? ackRate : outRate;
    }

    /** The same of the last seconds, however much it is. */
    double takesOfLate() {
        return ackRate >= 0 ? takeRate : outRate;
    }

    /** True if it would be held if that were not only observed. */
    boolean isWatched() {
        return !rule.enforced() && probe && watch != Watch.NOTHING && !streaming && complete == 0;
    }

    /** How far in the in flow the application may see. */
    long shown() {
        if (watch == Watch.NOTHING || probe) {
            return Long.MAX_VALUE;
        }
        return waits ? messageAt : streaming ? parsed : complete;
    }

    /** True if every request was answered completely and no further one, nor a part of one, is with the application. */
    boolean isIdle() {
        return hasAnswers() && (!streaming || waits);
    }

    /** True if every request that the application has seen was answered completely. */
    boolean hasAnswers() {
        return responsesKnown && answered && outstanding == 0 && (watch == Watch.HTTP || watch == Watch.EMPTY_LINE)
                && !ends && (responses == null || !responses.endsConnection() && responses.isBetween());
    }

    @Override
    public long contentLength() {
        return requests().contentLength();
    }

    @Override
    public boolean isChunked() {
        return requests().isChunked();
    }

    @Override
    public boolean isHead() {
        return requests().isHead();
    }

    @Override
    public int ranges() {
        return requests().fields.ranges.ranges();
    }

    @Override
    public int overlappingRanges() {
        return requests().fields.ranges.overlaps();
    }
}
