package org.ringfence.gateway.internal;

import java.util.ArrayList;

/**
 * Readers of HTTP that no connection needs now: one that is idle between two requests gives its own back, and takes others when it goes on.
 * So a connection that is used, or was a moment ago, allocates nothing, and one that rests holds none. Event loop's thread only.
 */
final class HttpReaders {
    /** More are left to the garbage collector. */
    private static final int MOST = 512;

    private final ArrayList<HttpReader> ofRequests = new ArrayList<>();
    private final ArrayList<HttpReader> ofResponses = new ArrayList<>();

    HttpReader take(boolean requests) {
        ArrayList<HttpReader> free = requests ? ofRequests : ofResponses;
        if (free.isEmpty()) {
            return new HttpReader(requests);
        }
        HttpReader reader = free.remove(free.size() - 1);
        reader.reset();
        return reader;
    }

    void give(HttpReader reader) {
        ArrayList<HttpReader> free = reader.readsRequests() ? ofRequests : ofResponses;
        if (free.size() < MOST) {
            free.add(reader);
        }
    }
}
