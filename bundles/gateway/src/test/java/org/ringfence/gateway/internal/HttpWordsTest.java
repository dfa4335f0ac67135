package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.gateway.internal.HttpReader.Event;

/** HTTP made of the words that matter, in any order: random bytes seldom make a head, and never a large chunk. */
class HttpWordsTest {
    private static final String[] BEGINS = {"POST / HTTP/1.1\r\n", "GET /a?b HTTP/1.0\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "GET /\r\n",
            "PRI * HTTP/2.0\r\n", "GET / HTTP/2.0 \r\n", "HTTP/1.0 304 N\n", "x\r\n"};
    private static final String[] FIELDS = {"Transfer-Encoding: chunked\r\n", "transfer-encoding:gzip, chunked\r\n", "Content-Length: ", "Content-Length : ",
            "Content-Length:\r\n ", "Range: bytes=0-", "Connection: x , close\r\n", "Expect: 100-continue\r\n", "X: y\r\n"};
    private static final String[] NUMBERS = {"0", "1", "5", "A", "7fffffff", "80000000", "ffffffff", "fffffffffffffff", "800000000000000", "8000000000000000",
            "ffffffffffffffec", "10000000000000000", "9223372036854775807", "9223372036854775808", "99999999999999999999", "-1", "5 0", "0x5", ""};
    private static final String[] ENDS = {"\r\n", "\n", "\r\n\r\n", "\n\n", ";a=b\r\n", "\t\r\n", " ", "\r", "x", "hello", "0\r\n\r\n"};

    private static String words(Random random) {
        StringBuilder text = new StringBuilder();
        for (int message = random.nextInt(3); message >= 0; message--) {
            text.append(any(BEGINS, random));
            for (int field = random.nextInt(3); field >= 0; field--) {
                text.append(any(FIELDS, random)).append(random.nextBoolean() ? any(NUMBERS, random) + "\r\n" : "");
            }
            text.append("\r\n");
            for (int word = random.nextInt(6); word > 0; word--) {
                text.append(any(NUMBERS, random)).append(any(ENDS, random));
            }
        }
        return text.toString();
    }

    private static String any(String[] words, Random random) {
        return words[random.nextInt(words.length)];
    }

    /** What is found of a text in pieces of up to {@code most} bytes: each event and the place behind it. */
    private static List<String> read(String text, boolean requests, int most, Random random) {
        HttpReader reader = new HttpReader(requests);
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        List<String> found = new ArrayList<>();
        for (int at = 0; at < bytes.length; at = reader.position) {
            int end = Math.min(bytes.length, at + 1 + random.nextInt(most));
            Event event = reader.read(bytes, at, end);
            assertTrue(reader.position > at && reader.position <= end, () -> "from a place to " + reader.position + " in: " + text);
            assertTrue(reader.skippable() >= 0 && reader.contentLength() >= -1, text);
            if (event != Event.MORE) {
                found.add(event + " at " + reader.position);
            }
        }
        return found;
    }

    @ParameterizedTest
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // what goes backwards may do so for ever
    @ValueSource(longs = {1, 2, 3, 4})
    void whatIsReadGoesForwardAndIsTheSameInPiecesOfAnySize(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < 20_000; run++) {
            String text = words(random);
            boolean requests = random.nextBoolean();
            List<String> whole = read(text, requests, 4096, random);
            assertEquals(whole, read(text, requests, 1, random), text);
            assertEquals(whole, read(text, requests, 7, random), text);
        }
    }
}
