package org.ringfence.api.gateway;

import java.util.List;

/**
 * Everything the gateway knows about a connection.
 *
 * @param connection as in the table
 * @param protocol "tcp" or "udp"
 * @param epochMilliseconds when it arrived, since 1970
 * @param applicationRegion the application's region
 * @param applicationSlot slot in that region; -1 once it is freed
 * @param insRegion the INS's region; -1 if the INS is gone
 * @param insSlot slot in that region; -1 if there is none any more
 * @param timeline what happened to it, in the order in which it happened
 */
public record ConnectionDetail(ConnectionReport connection, String protocol, long epochMilliseconds, int applicationRegion,
        int applicationSlot, int insRegion, int insSlot, List<Moment> timeline) {
    /**
     * Something that happened to a connection.
     *
     * @param microseconds since the connection arrived
     * @param what a few words
     */
    public record Moment(long microseconds, String what) {
    }
}
