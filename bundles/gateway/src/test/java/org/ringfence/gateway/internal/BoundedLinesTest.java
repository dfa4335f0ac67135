package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BoundedLinesTest {
    private static final long SECOND = 1_000_000_000;
    private final List<String> lines = new ArrayList<>();
    private long now;

    private static InputStream of(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> pass(InputStream input) throws IOException {
        new BoundedLines(input, lines::add, () -> now).passAll();
        return lines;
    }

    @Test
    void linesPassAsTheyAre() throws IOException {
        assertEquals(List.of("one\ttab", "", "zwö\u0142f", "the last has no end"), pass(of("one\ttab\n\nzwö\u0142f\r\nthe last has no end")));
    }

    @Test
    void aLineAsLongAsAllowedIsWhole() throws IOException {
        String longest = "a".repeat(BoundedLines.LINE_BYTES);
        assertEquals(List.of(longest, "next"), pass(of(longest + "\nnext\n")));
    }

    @Test
    void aLongerLineIsCutAndTheNextOneIsNot() throws IOException {
        String longest = "a".repeat(BoundedLines.LINE_BYTES);
        assertEquals(List.of(longest + BoundedLines.CUT, "next"), pass(of(longest + "b".repeat(100_000) + "\nnext\n")));
    }

    @Test
    void aLineThatNeverEndsIsToldOnce() throws IOException {
        assertEquals(List.of("a".repeat(BoundedLines.LINE_BYTES) + BoundedLines.CUT), pass(of("a".repeat(100_000))));
    }

    @Test
    void controlCharactersDoNotPass() throws IOException {
        assertEquals(List.of("?[31mred? a?b"), pass(of("\u001b[31mred\u0000 a\rb\n")));
    }

    @Test
    void ofManyLinesInASecondTheRestIsCounted() throws IOException {
        InputStream second = new InputStream() {
            private final InputStream lines = of("after\n");

            @Override
            public int read() throws IOException {
                now = SECOND;
                return lines.read();
            }
        };
        pass(new SequenceInputStream(of("line\n".repeat(BoundedLines.LINES_PER_SECOND + 7)), second));
        assertEquals(BoundedLines.LINES_PER_SECOND + 2, lines.size());
        assertEquals("[7 lines dropped: more than 100 in a second]", lines.get(BoundedLines.LINES_PER_SECOND));
        assertEquals("after", lines.get(BoundedLines.LINES_PER_SECOND + 1));
    }

    @Test
    void whatWasDroppedLastIsSaidAtTheEnd() throws IOException {
        pass(of("line\n".repeat(BoundedLines.LINES_PER_SECOND + 1)));
        assertEquals("[1 lines dropped: more than 100 in a second]", lines.get(BoundedLines.LINES_PER_SECOND));
    }

    @Test
    void whatWasBegunIsToldThoughTheInputBreaks() {
        InputStream broken = new InputStream() {
            private final InputStream begun = of("no end");

            @Override
            public int read() throws IOException {
                int next = begun.read();
                if (next < 0) {
                    throw new IOException("Stream closed");
                }
                return next;
            }

            @Override
            public int read(byte[] bytes, int at, int length) throws IOException {
                bytes[at] = (byte) read();
                return 1;
            }
        };
        assertThrows(IOException.class, () -> pass(broken));
        assertEquals(List.of("no end"), lines);
    }
}
