package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.ringfence.gateway.internal.HttpReader.Event;

/** Where messages end, whatever pieces they come in. */
class HttpReaderTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b: c\r\n\r\n";
    private static final String BEGUN = "GET / HTTP/1.1\r\nHost: a\r\n"; // without its end
    private static final String POST = "POST /x HTTP/1.1\r\nhost: a\r\nCONTENT-length:  5 \r\n\r\nhello";
    private static final String CHUNKED = "PUT /x HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n";
    private static final String BARE = "\r\nHEAD /y HTTP/1.0\nA:\n\n";

    private final HttpReader requests = new HttpReader(true);
    private final HttpReader responses = new HttpReader(false);

    private record Seen(Event event, int at) {
    }

    private static List<Seen> read(HttpReader reader, String text, int piece) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        List<Seen> seen = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int end = Math.min(bytes.length, at + piece);
            Event event = reader.read(bytes, at, end);
            at = reader.position;
            if (event != Event.MORE) {
                seen.add(new Seen(event, at));
            }
        }
        return seen;
    }

    @ParameterizedTest
    @CsvSource({"1.1, X: y, false", "1.1, Connection: close, true", "1.1, connection: Close, true", "1.1, Connection: keep-alive, false", "1.0, X: y, true",
            "1.0, Connection: Keep-Alive, false", "1.0, Connection: close, true", "1.1, 'Connection: x, close', true", "1.1, 'Connection:close\t, x', true",
            "1.1, 'Connection: x,\r\n close', true"})
    void theHeadSaysWhetherTheConnectionEndsBehindIt(String version, String field, boolean ends) {
        read(requests, "GET / HTTP/" + version + "\r\n" + field + "\r\n\r\n", 4096);
        read(responses, "HTTP/" + version + " 200 OK\r\nContent-Length: 0\r\n" + field + "\r\n\r\n", 4096);
        assertEquals(ends, requests.endsConnection());
        assertEquals(ends, responses.endsConnection());
        read(requests, GET, 4096);
        assertFalse(requests.endsConnection());
    }

    @ParameterizedTest
    @ValueSource(strings = {"disclose", "closed", "x close", "close x", "not-close", "\"close\"", "clo se", "aaaaaaaaaaaclose"})
    void whatOnlyContainsCloseDoesNotEndTheConnection(String option) {
        read(requests, "GET / HTTP/1.1\r\nConnection: " + option + "\r\n\r\n", 1);
        assertFalse(requests.endsConnection());
    }

    @ParameterizedTest
    @CsvSource({"1.0, k", "1.0, Keep", "1.0, 'keep alive'", "1.0, 'x;keep'", "1.0, keep-alives", "1.1, 'close\r\nConnection: keep-alive'", "1.0, 'close\r\nConnection: Keep-Alive'"})
    void whatSomeServerTakesForKeepAliveDoesNotEndTheConnection(String version, String option) {
        read(requests, "GET / HTTP/" + version + "\r\nConnection: " + option + "\r\n\r\n", 1);
        assertFalse(requests.endsConnection());
        read(requests, "GET / HTTP/1.0\r\nConnection: x\r\n\r\n", 1);
        assertTrue(requests.endsConnection());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 4096})
    void requestsEndWhereTheyEndInPiecesOfAnySize(int piece) {
        String all = GET + POST + CHUNKED + BARE + GET;
        List<Seen> messages = read(requests, all, piece).stream().filter(s -> s.event == Event.MESSAGE).toList();
        List<Integer> ends = new ArrayList<>();
        int at = 0;
        for (String request : List.of(GET, POST, CHUNKED, BARE, GET)) {
            ends.add(at += request.length());
        }
        assertEquals(ends, messages.stream().map(Seen::at).toList());
        assertTrue(requests.isBetween());
    }

    @ParameterizedTest
    @ValueSource(strings = {"800000000000000", "8000000000000000", "10000000000000000", "ffffffff80000000", "ffffffffffffffec", "7fffffffffffffffffff"})
    void aChunkThatIsLongerThanAnyNumberHasNoEnd(String size) {
        String request = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n" + size + "\r\nX\r\n0\r\n\r\n";
        for (int piece : new int[] {1, 7, 4096}) {
            requests.reset();
            List<Seen> seen = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> read(requests, request, piece));
            assertEquals(List.of(Event.HEAD), seen.stream().map(Seen::event).toList());
            assertTrue(requests.skippable() > 1L << 58);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r\n", ";a=b\r\n", "5 0\r\n", "5x\r\n", "-5\r\n"})
    void whatIsNoSizeIsNoChunk(String line) {
        List<Seen> seen = read(requests, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + line, 4096);
        assertEquals(List.of(Event.HEAD, Event.OTHER), seen.stream().map(Seen::event).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0\r\n", "0 \r\n", "0\t\r\n", "000;a=b\r\n", "00000000000000000000\n"})
    void theLastChunkIsKnownHoweverItsSizeIsWritten(String line) {
        List<Seen> seen = read(requests, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + line + "\r\n", 4096);
        assertEquals(List.of(Event.HEAD, Event.MESSAGE), seen.stream().map(Seen::event).toList());
    }

    @Test
    void aLengthThatIsLongerThanAnyNumberHasNoEnd() {
        assertEquals(List.of(Event.HEAD), read(requests, "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\nx", 4096).stream().map(Seen::event).toList());
        assertTrue(requests.contentLength() > 1L << 58);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length : 5", "Content-Length: 5 0", "Content-Length: 5x", "Transfer-Encoding: xchunked",
            "Transfer-Encoding: gzip", "Transfer-Encoding : chunked"})
    void serversMayReadThisInDifferentWays(String fields) {
        read(requests, "POST / HTTP/1.1\r\n" + fields + "\r\n\r\n", 4096);
        assertTrue(requests.isLoose());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 5", "content-length:5 ", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "X-Content-Length : 5", "Content-Lengths : 5"})
    void allServersReadThisInTheSameWay(String fields) {
        read(requests, "POST / HTTP/1.1\r\n" + fields + "\r\n\r\n", 4096);
        assertFalse(requests.isLoose());
    }

    @Test
    void aHeadWithABodyIsToldBeforeItsBody() {
        List<Seen> seen = read(requests, POST, 4096);
        assertEquals(List.of(new Seen(Event.HEAD, POST.length() - 5), new Seen(Event.MESSAGE, POST.length())), seen);
        assertEquals(5, requests.contentLength());
    }

    @Test
    void theLargerOfTwoLengthsCounts() {
        assertEquals(List.of(), read(requests, "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n123456", 4096).stream()
                .filter(s -> s.event == Event.MESSAGE).toList());
    }

    @Test
    void anExpectationIsSeen() {
        read(requests, "PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 9\r\n\r\n", 3);
        assertTrue(requests.fields.expectsContinue);
    }

    @ParameterizedTest
    @ValueSource(strings = {"~GET / HTTP/1.1\r\nA: b", "M-SEARCH * HTTP/1.1\r\n", "a'b / HTTP/1.0\r\n"})
    void whateverIsATokenIsAMethod(String text) {
        assertEquals(List.of(), read(requests, text, 1));
        assertTrue(requests.isInHead());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 64})
    void valuesThatAreFoldedCountLikeOthers(int piece) {
        assertEquals(Event.HEAD, read(requests, "GET / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\nA: b\r\n\r\n", piece).get(0).event);
        assertTrue(requests.isChunked());
        requests.reset();
        assertEquals(Event.HEAD, read(requests, "GET / HTTP/1.1\r\nA: b\r\nContent-Length:\r\n\t1\r\n\t2\r\n\r\n", piece).get(0).event);
        assertEquals(12, requests.contentLength());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/1.1\nA: b\n\n", "GET / HTTP/1.1\r\nA: b\n\n", "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n"})
    void headsThatServersReadInDifferentWaysAreTold(String text) {
        read(requests, text, 1);
        assertTrue(requests.isLoose());
        requests.reset();
        read(requests, GET, 1);
        assertFalse(requests.isLoose());
    }

    @Test
    void aSimpleRequestIsOneLine() {
        read(requests, "GET /x?y\r\n", 1);
        assertTrue(requests.isEndless() && requests.isSimple());
        requests.reset();
        read(requests, "GET / HTTP/x\r\n", 1);
        assertTrue(requests.isEndless() && requests.isLineOver() && !requests.isSimple());
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/3.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.00", "HTTP/1.11", "HTTP/01.1", "HTTP/1.1 ", "HTTP/1.1  ", "HTTP/0.9"})
    void aRequestOfAnotherVersionIsFollowedAndServersMayReadItInDifferentWays(String version) {
        String request = "GET /x " + version + "\r\nRange: bytes=0-,0-\r\n\r\n";
        assertEquals(List.of(new Seen(Event.MESSAGE, request.length())), read(requests, request, 1));
        assertEquals(2, requests.fields.ranges.ranges());
        assertTrue(requests.isLoose());
        read(requests, GET, 1);
        assertFalse(requests.isLoose());
    }

    @ParameterizedTest
    @CsvSource({"HTTP/1.0, true", "HTTP/1.00, true", "HTTP/0.9, true", "HTTP/1.1, false", "HTTP/1.2, false", "HTTP/1.10, false", "HTTP/2.0, false", "HTTP/3.0, false"})
    void theConnectionEndsBehindARequestOfAnOldVersion(String version, boolean ends) {
        read(requests, "GET / " + version + "\r\n\r\n", 1);
        assertEquals(ends, requests.endsConnection());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /?HTTP/1.1", "GET HTTP/1.1 ", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/.1", "GET / HTTP/1.1x", "GET / HTTP/1.1 x", "GET / xHTTP/1.1", "GET / http/1.1",
            "GET / HTTP/1.1.1", "GET / HTTP/-1.1", "GET / HTTP/99999999999999999999"})
    void whatEndsInNoVersionIsNotUnderstood(String line) {
        assertEquals(Event.OTHER, read(requests, line + "\r\n", 1).get(0).event);
    }

    @Test
    void rangesAreCountedWithTheirOverlaps() {
        read(requests, "GET / HTTP/1.1\r\nRange: bytes=0-9,5-20, 30-40,0-,35-36\r\n\r\n", 1);
        assertEquals(5, requests.fields.ranges.ranges());
        assertEquals(3, requests.fields.ranges.overlaps());
    }

    @Test
    void rangesThatDoNotOverlapAreNoOverlaps() {
        read(requests, "GET / HTTP/1.1\r\nRange: bytes=0-0,10-19,100-199,300-\r\n\r\n", 1);
        assertEquals(4, requests.fields.ranges.ranges());
        assertEquals(0, requests.fields.ranges.overlaps());
    }

    @ParameterizedTest
    @ValueSource(strings = {"*1\r\n$4\r\nPING\r\n", "PING\r\n", "GET foo\r\n", "SSH-2.0-x\r\n", "\0\0\0\10", "EHLO a\r\n", "hello world\n"})
    void whatIsNoHttpIsToldByItsFirstLine(String text) {
        assertEquals(Event.OTHER, read(requests, text, 1).get(0).event);
        assertTrue(requests.isEndless());
    }

    @Test
    void thePrefaceOfHttp2IsTold() {
        assertEquals(Event.PREFACE, read(requests, "PRI * HTTP/2.0\r\n\r\n", 5).get(0).event);
        assertTrue(requests.isEndless());
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET / HTTP/2.0\r\nHost: a", "PRI * HTTP/2.0\r\nHost: a", "PRI * HTTP/2.0\r\n\r\r\n", "PRI * HTTP/2.0 \r\n"})
    void whatIsNotThePrefaceIsAnUnfinishedHead(String begin) {
        assertEquals(List.of(), read(requests, begin, 1));
        assertTrue(requests.isInHead());
    }

    @ParameterizedTest
    @ValueSource(strings = {BEGUN, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: x\r\n"})
    void aLineOfTwoCarriageReturnsIsNotEmpty(String begin) {
        for (int piece : new int[] {1, 2, 4096}) {
            requests.reset();
            String request = begin + "\r\r\n\r\n";
            List<Seen> messages = read(requests, request, piece).stream().filter(seen -> seen.event == Event.MESSAGE).toList();
            assertEquals(List.of(new Seen(Event.MESSAGE, request.length())), messages);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BEGUN + "\r\r\n\r\n", "GET / HTTP/1.1\r\r\n\r\n", "GET /\rx HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nContent\r-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 5\r0\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 5\r\r\n\r\n"})
    void aCarriageReturnThatEndsNoLineMayBeReadInDifferentWays(String head) {
        read(requests, head, 1);
        assertTrue(requests.isLoose());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 4096})
    void responsesEndWhereTheyEnd(int piece) {
        String interim = "HTTP/1.1 100 Continue\r\n\r\n";
        String sized = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        String none = "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n";
        String chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        List<Integer> ends = read(responses, interim + sized + none + chunked, piece).stream().filter(s -> s.event == Event.MESSAGE)
                .map(Seen::at).toList();
        int first = interim.length() + sized.length();
        assertEquals(List.of(first, first + none.length(), first + none.length() + chunked.length()), ends);
    }

    @Test
    void aResponseToHeadHasNoBody() {
        responses.answersHead = true;
        String head = "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n";
        assertEquals(List.of(new Seen(Event.MESSAGE, head.length())), read(responses, head, 4096));
    }

    @Test
    void aResponseWithoutALengthEndsWithTheConnection() {
        read(responses, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", 4);
        assertTrue(responses.isEndless());
        assertTrue(responses.fields.closes);
        assertFalse(responses.isBetween());
    }

    @Test
    void anotherProtocolAfter101IsLeftAlone() {
        assertEquals(Event.OTHER, read(responses, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 9).get(0).event);
        assertEquals(101, responses.status());
    }

    @Test
    void randomBytesNeverMakeItReadBeyondThem() {
        Random random = new Random(5);
        String letters = "GET / HTTP/1.1\r\n:contelgh-5,0\n";
        for (int run = 0; run < 20_000; run++) {
            HttpReader reader = new HttpReader(run % 2 == 0);
            byte[] bytes = new byte[random.nextInt(120)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(40) == 0 ? random.nextInt() : letters.charAt(random.nextInt(letters.length())));
            }
            for (int at = 0; at < bytes.length; at = reader.position) {
                int end = Math.min(bytes.length, at + 1 + random.nextInt(20));
                reader.read(bytes, at, end);
                assertTrue(reader.position > at && reader.position <= end, "from " + at + " to " + reader.position + " of " + end);
            }
        }
    }
}
