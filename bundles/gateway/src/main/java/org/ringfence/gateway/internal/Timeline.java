package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.ringfence.api.gateway.ConnectionDetail;

/** When what happened to a connection: one time for each kind of moment, nothing allocated. Event loop's thread only. */
final class Timeline {
    /** What can happen. */
    enum Event {
        ARRIVED("arrived"), JUDGED("judged"), STOOD("connection stands"),
        FIRST_IN("first byte to the application"), LAST_IN("last byte to the application"),
        FIRST_OUT("first byte to the network"), LAST_OUT("last byte to the network"),
        HELD("held"), RELEASED("released"),
        PEER_ENDED("end of file from the network"), SHUT("the application shut down sending"), FAILED("reset, or failed"),
        CLOSED("the application closed it"), CLOSE_SENT("the INS was told to close"), ENDED("gone");

        private final String text;

        Event(String text) {
            this.text = text;
        }
    }

    private static final Event[] EVENTS = Event.values();

    /** {@link System#nanoTime()} by event; 0 for what has not happened. */
    private final long[] at;
    /** The last of those times: a turn's time is taken at its beginning, and must not come before what happened earlier in it. */
    private long latest;

    Timeline() {
        this(new long[EVENTS.length]);
    }

    private Timeline(long[] at) {
        this.at = at;
    }

    void clear() {
        java.util.Arrays.fill(at, 0);
        latest = Long.MIN_VALUE;
    }

    /** The first time counts: a datagram socket has many peers. */
    void arrived(long now) {
        if (at[Event.ARRIVED.ordinal()] == 0) {
            mark(Event.ARRIVED, now);
        }
    }

    /** It happens now; the last time counts. */
    void mark(Event event, long now) {
        latest = Math.max(latest, now);
        at[event.ordinal()] = latest;
    }

    void mark(Event event) {
        mark(event, System.nanoTime());
    }

    /** Bytes moved. */
    void moved(Event first, Event last, long now) {
        if (at[first.ordinal()] == 0) {
            mark(first, now);
        }
        mark(last, now);
    }

    /** A copy that stays as it is. */
    Timeline copy() {
        return new Timeline(at.clone());
    }

    /** Any thread, of a copy. */
    List<ConnectionDetail.Moment> moments(String judgement) {
        List<Event> events = new ArrayList<>(List.of(EVENTS));
        events.removeIf(event -> at[event.ordinal()] == 0);
        events.sort(Comparator.comparingLong(event -> at[event.ordinal()] - at[Event.ARRIVED.ordinal()]));
        List<ConnectionDetail.Moment> moments = new ArrayList<>();
        for (Event event : events) {
            long microseconds = (at[event.ordinal()] - at[Event.ARRIVED.ordinal()]) / 1000;
            moments.add(new ConnectionDetail.Moment(microseconds, event == Event.JUDGED ? judgement : event.text));
        }
        return moments;
    }
}
