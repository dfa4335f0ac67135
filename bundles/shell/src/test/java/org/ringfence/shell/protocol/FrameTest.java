package org.ringfence.shell.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

class FrameTest {

    private static DataInputStream bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }

    @Test
    void writesTypeLengthAndPayload() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Frame.command("ins").writeTo(new DataOutputStream(out));
        assertArrayEquals(new byte[] {'C', 0, 0, 0, 3, 'i', 'n', 's'}, out.toByteArray());
    }

    @Test
    void carriesAStatusInFourBytes() throws IOException {
        assertEquals(0x01020304, Frame.status(0x01020304).status());
        assertEquals(-1, Frame.status(-1).status());
    }

    @Test
    void endsBetweenFramesAndNotInside() throws IOException {
        assertNull(Frame.readFrom(bytes()));
        assertThrows(EOFException.class, () -> Frame.readFrom(bytes('O', 0, 0, 0, 2, 'x')));
    }

    @Test
    void refusesALengthBeyondTheLimitBeforeReadingIt() {
        assertThrows(IOException.class, () -> Frame.readFrom(bytes('C', 0x7f, 0xff, 0xff, 0xff)));
        assertThrows(IOException.class, () -> Frame.readFrom(bytes('C', 0xff, 0xff, 0xff, 0xff)));
    }

    @Test
    void hasAsManyCandidatesAsFit() throws IOException {
        List<String> many = IntStream.range(0, 100_000).mapToObj(Integer::toString).toList();
        assertEquals(many.subList(0, Frame.MAX_CANDIDATES), List.of(Frame.candidates(many).text().split("\n")));
        String word = "\u00e4".repeat(Frame.MAX_PAYLOAD / 8);
        assertEquals(List.of(word, word, word), List.of(Frame.candidates(List.of(word, word, word, word)).text().split("\n")));
    }

    @Test
    void splitsLongOutputIntoFramesWithoutLosingAByte() throws IOException {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        byte[] text = "0123456789".repeat(5000).getBytes(StandardCharsets.UTF_8);
        try (FrameOutputStream out = new FrameOutputStream(new DataOutputStream(wire), Frame.OUTPUT)) {
            out.write(text);
        }
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(wire.toByteArray()));
        for (Frame frame = Frame.readFrom(in); frame != null; frame = Frame.readFrom(in)) {
            assertEquals(Frame.OUTPUT, frame.type());
            received.write(frame.payload());
        }
        assertArrayEquals(text, received.toByteArray());
    }
}
