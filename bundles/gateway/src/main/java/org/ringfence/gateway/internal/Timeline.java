package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.ringfence.api.gateway.ConnectionDetail;

/**
 * When what happened to a connection: one time for each kind of moment, nothing allocated. A time is the microseconds since the first one, in
 * 32 bits: exact for two minutes, and to a fifty-millionth part after that. Event loop's thread only.
 */
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
    private static final int PRECISION = 27;

    /** By event: 0 for what has not happened, else 1 and the microseconds, {@link #packed}. */
    private final int[] at = new int[EVENTS.length];
    /** {@link System#nanoTime()} of what happened first. */
    private long begin;
    /** The last of the times: a turn's time is taken at its beginning, and must not come before what happened earlier in it. */
    private int latest;

    void clear() {
        java.util.Arrays.fill(at, 0);
        latest = 0;
    }

    /** The {@value #PRECISION} highest bits, and in the upper five how far they were shifted; what is greater is not less as an unsigned number. */
    private static int packed(long value) {
        int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(value) - PRECISION);
        return shift << PRECISION | (int) (value >>> shift);
    }

    private static long unpacked(int packed) {
        return (packed & (1L << PRECISION) - 1) << (packed >>> PRECISION);
    }

    /** The first time counts: a datagram socket has many peers. */
    void arrived(long now) {
        if (at[Event.ARRIVED.ordinal()] == 0) {
            mark(Event.ARRIVED, now);
        }
    }

    /** It happens now; the last time counts. */
    void mark(Event event, long now) {
        if (latest == 0) {
            begin = now;
        }
        int time = packed(1 + Math.max(0, now - begin) / 1000);
        latest = Integer.compareUnsigned(time, latest) > 0 ? time : latest;
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

    /** Takes the times of another one, to show them. */
    void copy(Timeline other) {
        System.arraycopy(other.at, 0, at, 0, at.length);
    }

    /** Any thread, of a copy that nobody changes. */
    List<ConnectionDetail.Moment> moments(String judgement) {
        List<Event> events = new ArrayList<>(List.of(EVENTS));
        events.removeIf(event -> at[event.ordinal()] == 0);
        events.sort(Comparator.comparingLong(event -> unpacked(at[event.ordinal()])));
        List<ConnectionDetail.Moment> moments = new ArrayList<>();
        for (Event event : events) {
            long microseconds = unpacked(at[event.ordinal()]) - Math.max(1, unpacked(at[Event.ARRIVED.ordinal()]));
            moments.add(new ConnectionDetail.Moment(microseconds, event == Event.JUDGED ? judgement : event.text));
        }
        return moments;
    }
}
