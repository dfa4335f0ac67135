package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.List;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.gateway.CallReport;

/**
 * The last calls, in rows made once: writing one allocates nothing and older ones are overwritten. What a reader misses is counted by the
 * sequence. Event loop's thread only.
 */
final class CallTrace {
    private static final int ROWS = 1024;

    private static final class Row {
        long sequence;
        String application;
        int slot;
        int operation;
        final long[] arguments = new long[3];
        final byte[] payload = new byte[28];
        int payloadLength;
        long taken;
        long answered;
        int error;
        long result;
    }

    private final Row[] rows = new Row[ROWS];
    private long sequence;

    CallTrace() {
        for (int i = 0; i < ROWS; i++) {
            rows[i] = new Row();
        }
    }

    /** Notes a call that was taken; returns its row. */
    int take(String application, Call call) {
        Row row = rows[(int) (sequence % ROWS)];
        row.sequence = ++sequence;
        row.application = application;
        row.slot = call.slot;
        row.operation = call.operation;
        System.arraycopy(call.arguments, 0, row.arguments, 0, row.arguments.length);
        row.payloadLength = Math.min(call.payloadLength, row.payload.length);
        System.arraycopy(call.payload, 0, row.payload, 0, row.payloadLength);
        row.taken = System.nanoTime();
        row.answered = 0;
        return (int) ((sequence - 1) % ROWS);
    }

    /** Notes an accepted connection: the one call that begins at the network's side. */
    void accepted(String application, int listener, byte[] peer, int at, int length, int slot) {
        Row row = rows[(int) (sequence % ROWS)];
        row.sequence = ++sequence;
        row.application = application;
        row.slot = listener;
        row.operation = Operation.ACCEPT.number();
        row.payloadLength = Math.min(length, row.payload.length);
        System.arraycopy(peer, at, row.payload, 0, row.payloadLength);
        row.taken = System.nanoTime();
        row.answered = row.taken;
        row.error = 0;
        row.result = slot;
    }

    void answer(int index, int error, long result) {
        if (index < 0) {
            return;
        }
        Row row = rows[index];
        row.answered = System.nanoTime();
        row.error = error;
        row.result = result;
    }

    long calls() {
        return sequence;
    }

    List<CallReport> report(int limit) {
        List<CallReport> reports = new ArrayList<>();
        long first = Math.max(0, sequence - Math.min(limit, ROWS));
        for (long s = first; s < sequence; s++) {
            Row row = rows[(int) (s % ROWS)];
            String result = row.answered == 0 ? "..." : row.error != 0 ? Errno.name(row.error) : Long.toString(row.result);
            long microseconds = row.answered == 0 ? 0 : (row.answered - row.taken) / 1000;
            reports.add(new CallReport(row.sequence, row.application, row.slot, CallText.of(row.operation, row.arguments, row.payload,
                    row.payloadLength), result, microseconds));
        }
        return reports;
    }
}
