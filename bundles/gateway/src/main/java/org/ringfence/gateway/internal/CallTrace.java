package org.ringfence.gateway.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.ringfence.api.call.Call;
import org.ringfence.api.call.Operation;
import org.ringfence.api.gateway.CallReport;
import org.ringfence.api.policy.Verdict;
import org.ringfence.gateway.internal.Stages.Stage;

/**
 * The last calls, in rows made once: writing one allocates nothing and older ones are overwritten. What a reader misses is counted by
 * sequence and completion. Event loop's thread only; copied rows are turned into text by whoever asked for them.
 */
final class CallTrace {
    /** In the place of a call's number: it is not traced. */
    static final long NONE = 0;
    private static final int ROWS = 1024;

    /** A call. Copies are made for readers. */
    static final class Row {
        private long sequence;
        private long completion;
        private String application;
        private int slot;
        private int operation;
        private final long[] arguments;
        private final byte[] payload;
        private int payloadLength;
        private long taken;
        private long answered;
        private int error;
        private long result;
        private Verdict verdict;
        private String decidedBy;

        Row() {
            arguments = new long[3];
            payload = new byte[28];
        }

        private Row(Row other) {
            arguments = other.arguments.clone();
            payload = other.payload.clone();
            sequence = other.sequence;
            completion = other.completion;
            application = other.application;
            slot = other.slot;
            operation = other.operation;
            payloadLength = other.payloadLength;
            taken = other.taken;
            answered = other.answered;
            error = other.error;
            result = other.result;
            verdict = other.verdict;
            decidedBy = other.decidedBy;
        }

        /** @param epoch microseconds since 1970 when {@link System#nanoTime()} was 0 */
        CallReport report(long epoch) {
            Operation op = Operation.of(operation);
            return new CallReport(sequence, completion, epoch + taken / 1000, application, slot,
                    op == null ? "op_" + operation : op.name().toLowerCase(Locale.ROOT),
                    CallText.of(operation, slot, arguments, payload, payloadLength),
                    CallText.namesPeer(op) ? Addresses.text(payload, 0, payloadLength) : "", error == 0 ? "" : Errno.name(error), result,
                    answered == 0 ? 0 : (answered - taken) / 1000, verdict == null ? "" : verdict.name().toLowerCase(Locale.ROOT),
                    verdict == null ? "" : decidedBy);
        }
    }

    private final Row[] rows = new Row[ROWS];
    private final Stages stages;
    private long sequence;
    private long completion;

    CallTrace(Stages stages) {
        this.stages = stages;
        for (int i = 0; i < ROWS; i++) {
            rows[i] = new Row();
        }
    }

    private Row next(String application, int slot, int operation) {
        Row row = rows[(int) (sequence % ROWS)];
        row.sequence = ++sequence;
        row.completion = 0;
        row.application = application;
        row.slot = slot;
        row.operation = operation;
        row.taken = System.nanoTime();
        row.answered = 0;
        row.error = 0;
        row.result = 0;
        row.verdict = null;
        return row;
    }

    private static void payload(Row row, byte[] payload, int at, int length) {
        row.payloadLength = Math.min(length, row.payload.length);
        System.arraycopy(payload, at, row.payload, 0, row.payloadLength);
    }

    /** Notes a call that was taken; returns its number. */
    long take(String application, Call call) {
        Row row = next(application, call.slot, call.operation);
        System.arraycopy(call.arguments, 0, row.arguments, 0, row.arguments.length);
        payload(row, call.payload, 0, Math.min(call.payloadLength, call.payload.length));
        return sequence;
    }

    /** The row of a call by its number; null if there was none, or if it has been overwritten by a later call. */
    private Row row(long number) {
        if (number == NONE) {
            return null;
        }
        Row row = rows[(int) ((number - 1) % ROWS)];
        return row.sequence == number ? row : null;
    }

    /** Notes what the policies said of a call. */
    void judged(long number, Verdict verdict, String decidedBy) {
        Row row = row(number);
        if (row != null) {
            row.verdict = verdict;
            row.decidedBy = decidedBy;
        }
    }

    /** Notes a connection that came from the network, the one call that begins there; {@code slot} is negative if it was turned away. */
    void accepted(RelayedSocket socket, int listener, byte[] peer, int at, int length, int slot) {
        Row row = next(socket.application(), listener, Operation.ACCEPT.number());
        payload(row, peer, at, length);
        row.verdict = socket.verdict;
        row.decidedBy = socket.decidedBy;
        row.error = slot < 0 ? Errno.ECONNABORTED : 0;
        row.result = slot;
        row.taken = socket.since;
        row.answered = System.nanoTime();
        row.completion = ++completion;
    }

    /** Notes the answer to a call. One that comes after more calls than there are rows is only counted: its reader sees a gap. */
    void answer(long number, int error, long result) {
        if (number == NONE) {
            return;
        }
        completion++;
        Row row = row(number);
        if (row == null) {
            return;
        }
        row.answered = System.nanoTime();
        row.completion = completion;
        row.error = error;
        row.result = result;
        stages.record(Stage.CALL, row.answered - row.taken);
    }

    long calls() {
        return sequence;
    }

    long answers() {
        return completion;
    }

    /** Copies of the last calls, oldest first. */
    List<Row> last(int limit) {
        List<Row> copies = new ArrayList<>();
        for (long s = Math.max(0, sequence - Math.min(limit, ROWS)); s < sequence; s++) {
            copies.add(new Row(rows[(int) (s % ROWS)]));
        }
        return copies;
    }

    /** Copies of the calls answered after a certain one, in the order of their answers. */
    List<Row> answeredAfter(long after) {
        List<Row> copies = new ArrayList<>();
        if (completion > after) {
            for (Row row : rows) {
                if (row.completion > after) {
                    copies.add(new Row(row));
                }
            }
            copies.sort(Comparator.comparingLong(row -> row.completion));
        }
        return copies;
    }

    /** Microseconds since 1970 when {@link System#nanoTime()} was 0. Any thread. */
    static long epoch() {
        return System.currentTimeMillis() * 1000 - System.nanoTime() / 1000;
    }

    static List<CallReport> report(List<Row> rows) {
        long epoch = epoch();
        return rows.stream().map(row -> row.report(epoch)).toList();
    }
}
