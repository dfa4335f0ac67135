package org.ringfence.ring.local;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ringfence.api.handover.HandoverState;
import org.ringfence.api.system.EventPort;
import org.ringfence.api.system.NativeSystem;
import org.ringfence.api.system.SharedMemory;
import org.ringfence.api.transport.ApplicationRegion;
import org.ringfence.api.transport.DatagramFilter;
import org.ringfence.api.transport.Direction;
import org.ringfence.api.transport.Flow;
import org.ringfence.api.transport.InsRegion;
import org.ringfence.api.transport.Region;
import org.ringfence.api.transport.TransportListener;
import org.ringfence.api.transport.TransportSession;
import org.ringfence.ring.region.DatagramFlow;
import org.ringfence.ring.region.Journal;
import org.ringfence.ring.region.MappedRegion;
import org.ringfence.ring.region.StreamFlow;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The local transport at work: one event port for doorbells, readiness pairs and attaching peers. Owns every descriptor and memory of its
 * regions. Event loop's thread only, but for {@link #wake}.
 */
final class LocalSession implements TransportSession {
    static final String KIND = "ring.local";
    static final int VERSION = 4; // 2: Loans; 3: tables no longer than what was in use; 4: whatever is written may await more
    private static final Logger LOG = LoggerFactory.getLogger(LocalSession.class);
    /** Room in the batch that the consequences of one call, answer or piece of news never exceed. */
    private static final int ENOUGH_ROOM = 512;
    /** A harvest of so many events may have left more. */
    private static final int MANY_EVENTS = 64;
    /** In a turn, for harvests before calls: who calls and sends events without end must not keep the loop here. */
    private static final long HARVEST_NANOSECONDS = 2_000_000;
    /** Closed sockets that the listener is told of before others have their turn: each costs some 60 us, and a thousand may close at once. */
    private static final int GONE_AT_ONCE = 16;
    /** In a turn, for being told of those before calls: more of them have their turn before the calls have. */
    private static final long TELLING_NANOSECONDS = 2_000_000;

    private final NativeSystem system;
    private final EventPort port;
    private final TransportListener listener;
    private final Attachments attachments;
    private final int connections;
    private final Journal journal;
    private final int wakeDescriptor;

    private final Regions regions;
    private final List<Region> toDetach = new ArrayList<>();
    private final ClosedSockets gone = new ClosedSockets();
    private final Watchdog watchdog = new Watchdog();
    /** What this turn has spent on such harvests. */
    private long harvested;
    private long telling;
    /** The call that is about to be made was harvested for. */
    private boolean harvestedForCall;

    LocalSession(NativeSystem system, Path state, TransportListener listener, LocalTransport.Config config) throws IOException {
        this.system = system;
        this.listener = listener;
        port = system.openEventPort();
        wakeDescriptor = system.eventDescriptor();
        port.watch(wakeDescriptor, EventPort.IN | EventPort.EDGE, Key.of(Key.WAKE, 0, 0));
        connections = config.connections();
        journal = new Journal(system.createMemory("ringfence-journal", Journal.bytes(connections)));
        regions = new Regions(new HeapBudget(config));
        attachments = new Attachments(this, system, port, state, config);
    }

    /** Goes on where another version stopped. Nothing is changed here but this object: if it throws, the other one goes on. */
    LocalSession(NativeSystem system, HandoverState from, TransportListener listener, LocalTransport.Config config) {
        this.system = system;
        this.listener = listener;
        port = from.get("port", EventPort.class);
        wakeDescriptor = from.number("wakeDescriptor");
        connections = from.number("connections");
        journal = new Journal(from.get("journal", SharedMemory.class));
        regions = new Regions(new HeapBudget(config));
        attachments = new Attachments(this, system, port, config, from.state("attachments"));
        from.states("applications").forEach(region -> regions.add(new LocalApplicationRegion(this, system, port, region)));
        from.states("inss").forEach(region -> regions.add(new LocalInsRegion(this, system, port, region)));
        for (int id : from.numbers("toDetach")) {
            toDetach.add(regions.application(id) != null ? regions.application(id) : regions.ins(id));
        }
        int[] closed = from.numbers("gone");
        for (int i = 0; i < closed.length; i += 2) {
            if (regions.application(closed[i]) != null) {
                closedLater(regions.application(closed[i]), closed[i + 1]);
            }
        }
    }

    @Override
    public HandoverState handOver() {
        return new HandoverState(KIND, VERSION).put("port", port).put("wakeDescriptor", wakeDescriptor).put("connections", connections)
                .put("journal", journal.memory()).put("attachments", attachments.handOver())
                .put("applications", Arrays.stream(regions.applications).map(LocalApplicationRegion::handOver).toList())
                .put("inss", Arrays.stream(regions.inss).map(LocalInsRegion::handOver).toList())
                .put("toDetach", toDetach.stream().mapToInt(Region::id).toArray()).put("gone", gone.handOver());
    }

    @Override
    public List<ApplicationRegion> applications() {
        return List.of(regions.applications);
    }

    @Override
    public List<InsRegion> inss() {
        return List.of(regions.inss);
    }

    // ---- a turn ----

    @Override
    public boolean hasRoom() {
        return port.room() > ENOUGH_ROOM;
    }

    @Override
    public boolean hasWork() {
        return regions.haveWork() || !gone.isEmpty() || !toDetach.isEmpty();
    }

    @Override
    public long turn(int milliseconds) {
        harvested = 0;
        telling = 0;
        regions.nextTurn();
        int patience = attachments.accept(milliseconds);
        int timeout = regions.applications.length + regions.inss.length == 0 ? patience : watchdog.look(regions.applications, regions.inss, patience);
        tellGone(GONE_AT_ONCE);
        for (LocalApplicationRegion application : regions.applications) {
            application.fillPool();
        }
        for (LocalInsRegion ins : regions.inss) {
            ins.ringIfAsleep();
        }
        boolean sleeps = timeout != 0 && fallAsleep();
        int events = port.turn(sleeps ? timeout : 0);
        long woken = System.nanoTime();
        if (sleeps) {
            regions.wakeUp();
        }
        harvest(events);
        attachments.accept(0);
        tellGone(GONE_AT_ONCE);
        detachWhoIsToGo();
        return woken;
    }

    @Override
    public void harvestCloses() {
        if (!harvestedForCall) {
            harvestForCall();
        }
        harvestedForCall = false;
    }

    /** Does the closes that have happened so far, as many as there is time for; the number of the last one of all. */
    long harvestForCall() {
        for (LocalApplicationRegion application : regions.applications) {
            application.loans().lookAtAll();
        }
        long begun = System.nanoTime();
        int events;
        boolean found;
        do { // as long as there are closes among them, or may be
            int before = gone.size();
            events = port.turn(0);
            harvest(events);
            found = gone.size() > before;
        } while ((found || events >= MANY_EVENTS) && harvested + System.nanoTime() - begun < HARVEST_NANOSECONDS);
        harvested += System.nanoTime() - begun;
        tellGoneForCall();
        harvestedForCall = gone.isEmpty();
        return gone.last();
    }

    private void tellGoneForCall() {
        for (long begun = System.nanoTime(); telling < TELLING_NANOSECONDS && !gone.isEmpty();) {
            tellGone(1);
            long now = System.nanoTime();
            telling += now - begun;
            begun = now;
        }
    }

    ClosedSockets gone() {
        return gone;
    }

    private void harvest(int events) {
        for (LocalApplicationRegion application : regions.applications) {
            application.settle();
            application.offerPostponed();
        }
        for (int i = 0; i < events; i++) {
            dispatch(port.key(i), port.flags(i));
        }
    }

    private void dispatch(long key, int flags) {
        switch (Key.kind(key)) {
            case Key.PAIR -> {
                LocalApplicationRegion application = regions.application(Key.region(key));
                if (application != null) {
                    application.pairEvent(Key.low(key), flags);
                }
            }
            case Key.DOORBELL -> heard(Key.region(key));
            case Key.WAKE, Key.POOL -> {
                // That the turn ended is all they say.
            }
            default -> attachments.dispatch(key, flags);
        }
    }

    /** A peer's doorbell: that the turn ended is all it says. It is never read (docs/protocol.md, "Doorbells"). */
    private void heard(int region) {
        MappedRegion rung = regions.application(region);
        rung = rung != null ? rung : regions.ins(region);
        if (rung != null) {
            rung.heard();
        }
    }

    /** Tells the listener of closed sockets. In a turn of its own right, so that a region never changes under a loop over it. */
    private void tellGone(int most) {
        for (int told = 0; told < most && !gone.isEmpty(); told++) {
            LocalApplicationRegion application = gone.region();
            int slot = gone.take();
            if (regions.application(application.id()) == null) {
                continue; // its region was detached before its sockets could be told of
            }
            application.endWaiting(slot); // may add to the queue this loop empties
            if (application.isPooled(slot)) {
                application.freeSlot(slot);
            } else {
                listener.closed(application, slot);
            }
        }
    }

    void closedLater(LocalApplicationRegion application, int slot) {
        gone.add(application, slot);
    }

    private boolean fallAsleep() {
        regions.fallAsleep();
        if (hasWork()) {
            regions.wakeUp();
            return false;
        }
        return true;
    }

    @Override
    public void wake() {
        system.signal(wakeDescriptor);
    }

    @Override
    public Flow newFlow(Direction direction) {
        return new StreamFlow(direction, journal);
    }

    @Override
    public Flow newDatagramFlow(Direction direction, DatagramFilter filter) {
        return new DatagramFlow(direction, journal, filter);
    }

    @Override
    public int maxConnections() {
        return connections;
    }

    @Override
    public void forget(int record) {
        journal.clear(record);
    }

    // ---- regions come and go ----

    Regions regions() {
        return regions;
    }

    void add(LocalApplicationRegion application) {
        regions.add(application);
        listener.attached(application);
    }

    void add(LocalInsRegion ins) {
        regions.add(ins);
        listener.attached(ins);
    }

    @Override
    public void detach(Region region, String reason) {
        if (!toDetach.contains(region)) {
            LOG.warn("{}: detaching '{}' (pid {})", reason, region.name(), region.pid());
            toDetach.add(region);
        }
    }

    private void detachWhoIsToGo() {
        for (LocalApplicationRegion application : regions.applications) {
            if (application.isAbandoned() && !toDetach.contains(application)) {
                toDetach.add(application);
            }
        }
        while (!toDetach.isEmpty()) {
            Region region = toDetach.remove(toDetach.size() - 1);
            if (region instanceof LocalApplicationRegion application) {
                remove(application);
            } else {
                remove((LocalInsRegion) region);
            }
        }
    }

    private void remove(LocalApplicationRegion application) {
        regions.leaving(application); // a process of its launch may say hello in the harvest of the flush: it gets a new region
        listener.detached(application);
        flush();
        regions.remove(application);
        attachments.forget(application.id());
        flush(); // what the harvest of the first one has added: ends that nobody gets any more are its region's
        application.settle();
        flush();
        application.release();
    }

    private void remove(LocalInsRegion ins) {
        listener.detached(ins);
        flush();
        regions.remove(ins);
        attachments.forget(ins.id());
        toDetach.remove(ins); // its process may have ended in the harvest of the flush
        ins.release();
    }

    /** Carries out the batch, so that nothing in it names memory that is about to go. */
    private void flush() {
        harvest(port.turn(0));
    }

    @Override
    public void close() {
        flush();
        LocalApplicationRegion[] lastApplications = regions.applications;
        LocalInsRegion[] lastInss = regions.inss;
        regions.clear();
        flush();
        for (LocalApplicationRegion application : lastApplications) {
            application.release();
        }
        for (LocalInsRegion ins : lastInss) {
            ins.release();
        }
        attachments.close();
        journal.close();
        system.close(wakeDescriptor);
        port.close();
    }
}
