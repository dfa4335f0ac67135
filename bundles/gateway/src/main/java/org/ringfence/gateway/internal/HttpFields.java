package org.ringfence.gateway.internal;

import java.nio.charset.StandardCharsets;

/**
 * The header fields of a message that matter for where it ends, and for what it costs to answer it (RFC 9110, 9112). Reads names and values
 * byte by byte, and keeps nothing but numbers.
 */
final class HttpFields {
    private static final byte[][] NAMES = {bytes("content-length"), bytes("transfer-encoding"), bytes("expect"), bytes("range"), bytes("connection")};
    private static final int CONTENT_LENGTH = 0;
    private static final int TRANSFER_ENCODING = 1;
    private static final int EXPECT = 2;
    private static final int RANGE = 3;
    private static final int CONNECTION = 4;
    private static final int LONGEST = 18;
    /** Bit n of [i * 128 + c]: name n has c at i. */
    private static final byte[] HAS = new byte[LONGEST * 128];
    /** Bit n of [i]: name n has i letters. */
    private static final byte[] ENDS = new byte[LONGEST + 1];

    static {
        for (int n = 0; n < NAMES.length; n++) {
            for (int i = 0; i < NAMES[n].length; i++) {
                HAS[i * 128 + NAMES[n][i]] |= (byte) (1 << n);
                HAS[i * 128 + Character.toUpperCase(NAMES[n][i])] |= (byte) (1 << n);
            }
            ENDS[NAMES[n].length] |= (byte) (1 << n);
        }
    }

    private static final long CHUNKED = word("chunked");
    private static final long CONTINUE = word("continue");
    private static final long CLOSE = word("close");
    private static final long KEEP_ALIVE = word("ep-alive"); // the end of it
    private static final long SEVEN_BYTES = (1L << 56) - 1;
    private static final long LOWER = 0x2020202020202020L;
    private static final long FAR = 1L << 60;

    private int length; // of the name so far
    private int candidates;
    private int field;
    private long tail; // the last eight bytes of the value
    private long number;
    private boolean digits;
    private boolean gap; // a blank was read behind digits, or behind letters of a list's member
    private boolean broken; // the member goes on behind it

    /** Bytes of the body, -1 if the head does not say. */
    long contentLength;
    boolean badLength;
    /** A length or coding is not as servers expect it. */
    boolean odd;
    boolean chunked;
    boolean expectsContinue;
    boolean closes;
    boolean keepsAlive;
    /** A server may take an option for "keep-alive". */
    boolean mayKeepAlive;
    final RangeField ranges = new RangeField();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Up to eight letters as a number. */
    static long word(String text) {
        long word = 0;
        for (byte b : bytes(text)) {
            word = word << 8 | b;
        }
        return word;
    }

    /** RFC 9110, 5.6.2. */
    static boolean isTokenLetter(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c > 0 && "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    /** Another message begins. */
    void begin() {
        contentLength = -1;
        badLength = false;
        odd = false;
        chunked = false;
        expectsContinue = false;
        closes = false;
        keepsAlive = false;
        mayKeepAlive = false;
        ranges.begin();
    }

    /** Another line begins. */
    void line() {
        length = 0;
        candidates = -1;
    }

    /** True if nothing of the line was read. */
    boolean isLineEmpty() {
        return length == 0;
    }

    /** A letter of a name; false if it is none of those that matter. */
    boolean name(int c) {
        odd |= (c == ' ' || c == '\t') && length <= LONGEST && (candidates & ENDS[length]) != 0; // RFC 9112, 5.1: not before the colon
        candidates = length < LONGEST && c > 0 ? candidates & HAS[length * 128 + c] : 0;
        length++;
        return candidates != 0;
    }

    /** The colon behind a name was read; true if the value matters. */
    boolean nameEnds() {
        int found = length <= LONGEST ? candidates & ENDS[length] : 0;
        field = found == 0 ? -1 : Integer.numberOfTrailingZeros(found);
        tail = 0;
        digits = false;
        gap = false;
        broken = false;
        number = 0;
        ranges.beginRange();
        return found != 0;
    }

    /** A byte of a value that matters. */
    void value(int c) {
        if (c == '\r') {
            return;
        }
        switch (field) {
            case CONTENT_LENGTH -> {
                if (c == ' ' || c == '\t') {
                    gap = digits;
                } else if (c >= '0' && c <= '9') {
                    odd |= gap;
                    digits = true;
                    number = number >= FAR / 10 ? FAR : number * 10 + (c - '0');
                } else {
                    badLength = true;
                    odd = true;
                }
            }
            case RANGE -> ranges.read(c);
            case CONNECTION -> option(c);
            default -> {
                if (c != ' ' && c != '\t') {
                    tail = tail << 8 | c & 0xff;
                }
            }
        }
    }

    /** Of "close" only the whole word counts: servers keep the connection of who says "disclose". For "keep-alive" nginx takes "keep-alives", and apache2 "k". */
    private void option(int c) {
        if (c == ',') {
            optionEnds();
        } else if (c == ' ' || c == '\t') {
            gap = tail != 0;
        } else {
            broken |= gap;
            tail = tail << 8 | (c | 0x20) & 0xff;
            keepsAlive |= tail == KEEP_ALIVE;
            mayKeepAlive |= c == 'k' || c == 'K';
        }
    }

    private void optionEnds() {
        closes |= tail == CLOSE && !broken;
        tail = 0;
        gap = false;
        broken = false;
    }

    void valueEnds() {
        switch (field) {
            case CONTENT_LENGTH -> {
                if (digits) {
                    contentLength = Math.max(contentLength, number); // of two that differ the larger: who holds waits longer
                }
            }
            case TRANSFER_ENCODING -> {
                long before = tail >>> 56; // of another coding's name, or nothing
                chunked = ((tail | LOWER) & SEVEN_BYTES) == CHUNKED && (before == 0 || before == ',');
                odd |= !chunked;
            }
            case EXPECT -> expectsContinue |= (tail | LOWER) == CONTINUE;
            case RANGE -> ranges.endRange();
            case CONNECTION -> optionEnds();
            default -> {
            }
        }
    }
}
