package org.ringfence.gateway.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a ClientHello ends. */
class TlsHelloTest {
    /** A ClientHello whose body has so many bytes, in records of at most {@code record} bytes. */
    private static byte[] hello(int body, int record) {
        byte[] message = new byte[4 + body];
        message[0] = 1;
        message[2] = (byte) (body >> 8);
        message[3] = (byte) body;
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        for (int at = 0; at < message.length; at += record) {
            int n = Math.min(record, message.length - at);
            out.writeBytes(new byte[] {22, 3, 1, (byte) (n >> 8), (byte) n});
            out.write(message, at, n);
        }
        return out.toByteArray();
    }

    /** Bytes that were read when the end was found, -1 if it was not. */
    private static int end(byte[] bytes, int piece) {
        TlsHello hello = new TlsHello();
        for (int at = 0; at < bytes.length; at += piece) {
            if (hello.read(bytes, at, Math.min(bytes.length, at + piece))) {
                return Math.min(bytes.length, at + piece);
            }
        }
        return -1;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 100, 4096})
    void endsWithItsLastByteInRecordsOfAnySize(int record) {
        byte[] hello = hello(517, record);
        assertEquals(hello.length, end(hello, 1));
        assertEquals(hello.length, end(hello, hello.length));
        assertEquals(-1, end(java.util.Arrays.copyOf(hello, hello.length - 1), 7));
    }

    @Test
    void whatIsNoHelloIsNotWaitedFor() {
        assertEquals(6, end(new byte[] {22, 3, 1, 0, 10, 2, 0, 0}, 1));
        assertEquals(2, end(new byte[] {22, 4, 0, 0}, 1));
        assertEquals(5, end(new byte[] {22, 3, 1, 0, 0, 0}, 1));
    }
}
