package org.ringfence.gateway.internal;

import org.ringfence.api.policy.Connection;
import org.ringfence.api.policy.Listener;
import org.ringfence.api.policy.Measure;
import org.ringfence.api.policy.Stage;
import org.ringfence.api.policy.Verdict;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.gateway.internal.Timeline.Event;

/**
 * One socket of an application and its counterpart in an INS: the row of the connection table. Reused for socket after socket;
 * {@link #record} is its number in table and journal. Event loop's thread only.
 */
final class RelayedSocket implements Connection {
    /** What has become of the socket, on the gateway's own knowledge. */
    enum Phase { FREE, OPENING, OPEN, LISTENING, REOPENING, CONNECTING, CONNECTED, FAILED }

    /** For {@link #livelyAt}. */
    static final int QUIET = -1;
    private static final int SOCK_DGRAM = 2;

    final int record;
    /** How often the row has been used. */
    int life;
    /** Its place among the lively rows of the table; {@link #QUIET} if it is none. */
    int livelyAt = QUIET;
    /** Its news waits until others had their turn. */
    boolean patient;
    /** Sweeps since something happened to it. */
    int still;
    private final TransportSession session;
    private Flow streamIn;
    private Flow streamOut;
    private DatagramJudge judge;
    private Flow datagramIn;
    private Flow datagramOut;
    /** The flows the socket's type needs. */
    Flow inward;
    Flow outward;

    Phase phase = Phase.FREE;
    ApplicationLink application;
    /** Slot in the application's region; -1 once that slot is freed. */
    int slot;
    InsLink ins;
    /** Slot in the INS's region; -1 if there is none. */
    int insSlot;
    int domain;
    int type;
    int protocol;
    boolean datagrams;
    /** Errors of a datagram socket the application has been told of: the INS's count. */
    int errors;

    /** The application's last reference is gone. */
    boolean closing;
    /** The application closed with bytes unread: behind what it sent the peer gets a reset, as from Linux. */
    boolean closeResets;
    /** CLOSE was sent to the INS. */
    boolean closeSent;
    /** CLOSE was answered, but ACCEPTs of this listener were not yet. */
    boolean closeAnswered;
    /** Deadline for a closed socket whose bytes make no progress, {@link System#nanoTime()}. */
    long closeDeadline;
    long closeLeft; // bytes that its INS had not sent when it was last looked at
    boolean closePostponed;
    /** Position of the out direction at which SHUTDOWN is to be passed on; -1 if none is due. */
    long shutdownAt;
    /** The connection is reset, and the application's senders know; its readers do when they have read what came before. */
    boolean sendingFailed;
    /** The program waits for its CONNECT: should that fail, the socket is as it was before. */
    boolean connectAwaited;
    /** The INS has not answered a CONNECT of this stream yet. */
    boolean connectSent;
    /** What the program has set by SO_SNDBUF, on this socket or on its listener; 0 if it has not. */
    int sendBuffer;
    boolean endShown;
    boolean inputShut;
    boolean outputShut;

    /** ACCEPTs posted for this listener, and not yet delivered. */
    int posted;
    /** Their order; null until the row is first used by a listener. */
    AcceptOrder order;
    Stake stake; // see Stake.of
    /** What the program has made of a stream socket; null until the row is used by one that is set up. */
    private Setup setup;
    /** Of a listener whose INS is gone: when the next attempt to open it is due, {@link System#nanoTime()}; and whether one has failed. */
    long reopenAt;
    boolean reopenFailed;

    /** Of a listener: what policies see of it; null until the row is used by one. */
    Listening listening;
    /** What the gateway knows of a connection from outside; meaningful while {@link #gated}. */
    Gate gate;
    boolean gated;
    /** What a policy has decided in the middle of moving bytes; carried out behind it. */
    Measure unwanted;
    /** An administrator holds it: no byte moves. */
    boolean held;
    final Timeline timeline = new Timeline();
    final Rate rateIn = new Rate();
    final Rate rateOut = new Rate();

    long id;
    /** Under which policies judged its peer last: another one than {@link #id} if a datagram socket has more than one. */
    long judgedId;
    boolean inbound;
    byte[] peer = new byte[4];
    int peerPort;
    int localPort;
    long since;
    Verdict verdict;
    String decidedBy;

    RelayedSocket(int record, TransportSession session) {
        this.record = record;
        this.session = session;
        streamIn = session.newFlow(Direction.IN);
        streamOut = session.newFlow(Direction.OUT);
    }

    void begin(ApplicationLink application, int slot, InsLink ins, int insSlot, int domain, int type, int protocol) {
        life++;
        this.application = application;
        this.slot = slot;
        this.ins = ins;
        this.insSlot = insSlot;
        this.domain = domain;
        this.type = type;
        this.protocol = protocol;
        phase = Phase.OPENING;
        datagrams = type == SOCK_DGRAM;
        errors = 0;
        inward = streamIn;
        outward = streamOut;
        closing = false;
        closeSent = false;
        closeAnswered = false;
        shutdownAt = -1;
        connectAwaited = false;
        connectSent = false;
        sendBuffer = 0;
        sendingFailed = false;
        closeResets = false;
        endShown = false;
        inputShut = false;
        outputShut = false;
        posted = 0;
        if (order != null) {
            order.reset();
        }
        if (setup != null) {
            setup.clear();
        }
        listening = null;
        gated = false;
        unwanted = null;
        held = false;
        timeline.clear();
        rateIn.reset();
        rateOut.reset();
        id = 0;
        inbound = false;
        peerPort = 0;
        localPort = 0;
        verdict = null;
        decidedBy = null;
        application.sockets[slot] = this;
        ins.sockets[insSlot] = this;
    }

    /** A datagram socket is open: connects the rings, with a judge at each. */
    void openDatagrams(Services services, Ledger ledger) {
        if (judge == null) {
            judge = new DatagramJudge(this, services, ledger);
            datagramIn = session.newDatagramFlow(Direction.IN, judge);
            datagramOut = session.newDatagramFlow(Direction.OUT, judge);
        }
        judge.begin();
        inward = datagramIn;
        outward = datagramOut;
        phase = Phase.OPEN;
        bind();
    }

    /** The connection stands: connects the rings. */
    void connect() {
        phase = Phase.CONNECTED;
        timeline.mark(Event.STOOD);
        bind();
        limitSending(sendBuffer);
    }

    /** The program has set SO_SNDBUF: neither do the rings that its bytes go through become larger. */
    void limitSending(int bytes) {
        sendBuffer = bytes;
        if (bytes > 0 && phase == Phase.CONNECTED) {
            outward.growAtMost(bytes);
        }
    }

    /** Another version of the transport has taken over: its flows go on where the former one's stopped. */
    void resume() {
        Flow formerIn = inward;
        Flow formerOut = outward;
        boolean stream = inward == streamIn;
        streamIn = session.newFlow(Direction.IN);
        streamOut = session.newFlow(Direction.OUT);
        if (judge != null) {
            datagramIn = session.newDatagramFlow(Direction.IN, judge);
            datagramOut = session.newDatagramFlow(Direction.OUT, judge);
        }
        if (formerIn == null) {
            return; // never used
        }
        inward = stream ? streamIn : datagramIn;
        outward = stream ? streamOut : datagramOut;
        resume(formerIn.position(), inward);
        resume(formerOut.position(), outward);
        limitSending(sendBuffer);
        if (gated && gate.shrunk) {
            inward.mayGrow(false);
            outward.mayGrow(false);
        }
    }

    private void resume(long[] position, Flow flow) {
        flow.resume(position, record, application == null ? null : application.region, slot, ins == null ? null : ins.region, insSlot);
    }

    Setup setup() {
        if (setup == null) {
            setup = new Setup();
        }
        return setup;
    }

    boolean isQuiet() {
        return livelyAt == QUIET;
    }

    /** True while bytes or datagrams flow. */
    boolean isFlowing() {
        return phase == Phase.CONNECTED || datagrams && phase == Phase.OPEN;
    }

    /** True of a connection from outside, but for one that its application has closed. */
    boolean isLive() {
        return gated && phase == Phase.CONNECTED && !closing;
    }

    /** The same of a given listener. */
    boolean isLiveAt(Listening listener) {
        return isLive() && gate.listening == listener;
    }

    /** True of one that its application has closed, and whose bytes still wait for the peer. */
    boolean isDraining() {
        return gated && phase == Phase.CONNECTED && closing && !closeSent;
    }

    /** True of one of a listener, whatever has become of it, until its application closes it. */
    boolean isOf(Listening listener) {
        return gated && phase != Phase.FREE && !closing && gate.listening == listener;
    }

    private void bind() {
        inward.bind(record, application.region, slot, ins.region, insSlot);
        outward.bind(record, application.region, slot, ins.region, insSlot);
    }

    ApplicationRegion region() {
        return application.region;
    }

    boolean isConnection() {
        return id != 0;
    }

    // ---- as a policy sees it ----

    @Override
    public long id() {
        return id;
    }

    @Override
    public String application() {
        return application.name;
    }

    @Override
    public boolean inbound() {
        return inbound;
    }

    @Override
    public byte[] peerAddress() {
        return peer;
    }

    @Override
    public int peerPort() {
        return peerPort;
    }

    @Override
    public int localPort() {
        return localPort;
    }

    @Override
    public long since() {
        return since;
    }

    @Override
    public long bytesIn() {
        return inward.moved();
    }

    @Override
    public long bytesOut() {
        return outward.moved() + (gated ? gate.carriedOut : 0);
    }

    @Override
    public Listener listener() {
        return gated ? gate.listening : null;
    }

    @Override
    public Stage stage() {
        return gated ? gate.stage : Stage.STREAM;
    }

    @Override
    public long stageSince() {
        return gated ? gate.stageSince : since;
    }

    @Override
    public long stageBytes() {
        return gated ? gate.stageBytes : bytesIn();
    }

    @Override
    public boolean isHeld() {
        return gated && !gate.offered;
    }

    @Override
    public long heldBytes() {
        return inward.held();
    }

    @Override
    public long outWaiting() {
        return gated ? gate.outWaiting : 0;
    }

    @Override
    public long lastIn() {
        return gated ? gate.lastIn : since;
    }

    @Override
    public long lastOut() {
        return gated ? gate.lastOut : since;
    }

    @Override
    public long inRate() {
        return gated ? (long) gate.inRate : 0;
    }

    @Override
    public long outRate() {
        if (!gated) {
            return 0;
        }
        boolean known = gate.swept - gate.waitingSince >= Sweep.AVERAGED_SECONDS * 1e9;
        return gate.outWaiting == 0 || known ? (long) gate.takes() : Long.MAX_VALUE;
    }

    @Override
    public long requests() {
        return gated ? gate.requestCount : 0;
    }

    @Override
    public long peerWindow() {
        return gated ? gate.peerWindow : -1;
    }
}
