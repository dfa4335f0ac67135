package org.ringfence.gateway.internal;

/**
 * The version at the end of a request line (RFC 9112, 2.3), read byte by byte. Servers of HTTP/1 answer more of them than there are: {@code HTTP/3.0} as
 * HTTP/1.1, {@code HTTP/1.00}, one with a blank behind it.
 */
final class HttpVersion {
    private static final String BEGIN = "HTTP/";
    private static final int MAJOR = BEGIN.length(); // its first digit is expected
    private static final int IN_MAJOR = MAJOR + 1;
    private static final int MINOR = MAJOR + 2;
    private static final int IN_MINOR = MAJOR + 3;
    private static final int BEHIND = MAJOR + 4; // a blank was read
    private static final int NONE = -1;
    private static final int FAR = 1000; // as long as any

    private int place;
    private int major;
    private int minor;
    private boolean odd; // more digits than one

    void begin() {
        place = 0;
        major = 0;
        minor = 0;
        odd = false;
    }

    /** A byte behind the blank that ends the target. What was read before a further word is none of the version. */
    void read(int c) {
        if (c == ' ') {
            if (place == IN_MINOR || place == BEHIND) {
                place = BEHIND;
            } else {
                begin();
            }
        } else if (place == BEHIND) {
            begin();
            inWord(c);
        } else if (place != NONE) {
            inWord(c);
        }
    }

    private void inWord(int c) {
        boolean digit = c >= '0' && c <= '9';
        if (place < MAJOR) {
            place = c == BEGIN.charAt(place) ? place + 1 : NONE;
        } else if (place == IN_MAJOR && c == '.') {
            place = MINOR;
        } else if (!digit) {
            place = NONE;
        } else if (place <= IN_MAJOR) {
            odd |= place == IN_MAJOR;
            major = Math.min(FAR, major * 10 + (c - '0'));
            place = IN_MAJOR;
        } else {
            odd |= place == IN_MINOR;
            minor = Math.min(FAR, minor * 10 + (c - '0'));
            place = IN_MINOR;
        }
    }

    /** The line ends in a version, whichever. */
    boolean isOne() {
        return place == IN_MINOR || place == BEHIND;
    }

    /** It is one of HTTP/1, as all servers read it. */
    boolean isHttp1() {
        return place == IN_MINOR && major == 1 && !odd;
    }

    boolean isHttp2() {
        return place == IN_MINOR && major == 2 && minor == 0 && !odd;
    }

    /** HTTP/1.0, or before it. */
    boolean isOld() {
        return major == 0 || major == 1 && minor == 0;
    }
}
