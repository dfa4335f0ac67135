package org.ringfence.translator;

import java.util.Arrays;
import org.ringfence.api.call.Answer;

/**
 * Rewrites NetBSD's {@code struct tcp_info} (236 bytes) into the first 232 bytes of Linux's: up to the send window, which tells whether a peer takes anything.
 *
 * <p>NetBSD took the structure from Linux by way of FreeBSD, so fields of the same name are in the same places; those it
 * does not fill in are 0. The rest differs:
 *
 * <pre>
 *   0  state        numbered otherwise (netinet/tcp_fsm.h; net/tcp_states.h)
 *   5  options      bit 16 is "offload engine" there and "ECN seen" here
 *  76  ssthresh     bytes there, segments here
 *  80  cwnd         bytes there, segments here
 * 100  send window  there, and at 228 here
 * 120  retransmitted segments there, and at 100 here
 * 124  segments received out of order there, and at 224 here
 * </pre>
 *
 * <p>What NetBSD does not count is 0: all between, above all the bytes acknowledged (120) and the segments (136).
 */
final class NetbsdTcpInfo {
    private static final int LINUX_SIZE = 232;
    private static final int NETBSD_SIZE = 236;
    private static final int STATE = 0;
    private static final int OPTIONS = 5;
    private static final int SEND_SEGMENT = 16;
    private static final int SLOW_START_THRESHOLD = 76;
    private static final int CONGESTION_WINDOW = 80;
    private static final int TOTAL_RETRANSMITTED = 100;
    private static final int OUT_OF_ORDER = 224;
    private static final int SEND_WINDOW = 228;
    private static final int NETBSD_SEND_WINDOW = 100;
    private static final int NETBSD_RETRANSMITTED = 120;
    private static final int NETBSD_OUT_OF_ORDER = 124;
    /** Time stamps, selective acknowledgements, window scaling, ECN. */
    private static final int SHARED_OPTIONS = 1 | 2 | 4 | 8;
    private static final int LINUX_CLOSED = 7;

    /**
     * Linux state by that of NetBSD: CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, CLOSING,
     * LAST_ACK, FIN_WAIT_2, TIME_WAIT.
     */
    private static final byte[] STATES = {LINUX_CLOSED, 10, 2, 3, 1, 8, 4, 11, 9, 5, 6};

    private NetbsdTcpInfo() {
    }

    /** Rewrites the payload in place. Returns 0, or EIO if it is no such structure. */
    static int decode(Answer answer) {
        if (answer.payloadLength < NETBSD_SIZE) {
            return LinuxErrno.EIO;
        }
        byte[] info = answer.payload;
        int state = info[STATE] & 0xff;
        info[STATE] = state < STATES.length ? STATES[state] : LINUX_CLOSED;
        info[OPTIONS] &= SHARED_OPTIONS;
        int segment = Math.max(1, LittleEndian.getInt(info, SEND_SEGMENT));
        toSegments(info, SLOW_START_THRESHOLD, segment);
        toSegments(info, CONGESTION_WINDOW, segment);
        int window = LittleEndian.getInt(info, NETBSD_SEND_WINDOW);
        int retransmitted = LittleEndian.getInt(info, NETBSD_RETRANSMITTED);
        int outOfOrder = LittleEndian.getInt(info, NETBSD_OUT_OF_ORDER);
        Arrays.fill(info, TOTAL_RETRANSMITTED, LINUX_SIZE, (byte) 0);
        LittleEndian.putInt(info, TOTAL_RETRANSMITTED, retransmitted);
        LittleEndian.putInt(info, OUT_OF_ORDER, outOfOrder);
        LittleEndian.putInt(info, SEND_WINDOW, window);
        answer.payloadLength = LINUX_SIZE;
        return 0;
    }

    private static void toSegments(byte[] info, int offset, int segment) {
        LittleEndian.putInt(info, offset, Integer.divideUnsigned(LittleEndian.getInt(info, offset), segment));
    }
}
