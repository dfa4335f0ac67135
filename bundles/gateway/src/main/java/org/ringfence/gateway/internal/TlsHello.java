package org.ringfence.gateway.internal;

/** Finds the end of a TLS ClientHello, which may lie in several records (RFC 8446, 4.1.2 and 5.1). Keeps numbers only. */
final class TlsHello {
    static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int LONGEST_RECORD = 1 << 14;
    /** Nobody's hello is longer. */
    private static final int LONGEST = 1 << 16;

    private int header; // bytes of the record's header read
    private int high; // byte of its length
    private int record; // bytes left of the record
    private int read; // bytes of the handshake message
    private int length;
    private boolean over;
    private boolean none;

    void reset() {
        header = 0;
        record = 0;
        read = 0;
        length = 0;
        over = false;
        none = false;
    }

    /** True if what was read is no hello. */
    boolean isNone() {
        return none;
    }

    /** Reads further bytes; true once the hello is complete, or what comes is none. */
    boolean read(byte[] b, int from, int to) {
        for (int i = from; i < to && !over; i++) {
            int c = b[i] & 0xff;
            if (record == 0) {
                header(c);
            } else if (read < 4) {
                record--;
                none = read == 0 && c != CLIENT_HELLO;
                length = read == 0 ? 0 : length << 8 | c;
                read++;
            } else {
                int n = Math.min(record, to - i);
                record -= n;
                read += n;
                i += n - 1;
            }
            none |= read >= 4 && length > LONGEST;
            over |= none || read >= 4 && read - 4 >= length;
        }
        return over;
    }

    private void header(int c) {
        switch (header++) {
            case 0 -> none = c != HANDSHAKE;
            case 1 -> none = c != 3;
            case 3 -> high = c;
            case 4 -> {
                header = 0;
                record = high << 8 | c;
                none = record == 0 || record > LONGEST_RECORD;
            }
            default -> {
            }
        }
    }
}
