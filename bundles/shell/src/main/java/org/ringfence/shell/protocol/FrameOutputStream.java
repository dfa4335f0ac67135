package org.ringfence.shell.protocol;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * A command's output as frames of one type. Bytes are gathered until the buffer is full or the command flushes.
 *
 * <p>Standard output and standard error of a command share one connection, and Gogo runs the stages of a pipeline
 * in threads of their own; so each frame is written while holding the lock of the connection's stream.
 */
public final class FrameOutputStream extends OutputStream {

    private static final int BUFFER_SIZE = 8 * 1024;

    private final DataOutputStream connection;
    private final byte type;
    private final byte[] buffer = new byte[BUFFER_SIZE];
    private int used;

    /**
     * @param connection where frames go; not closed by this stream
     * @param type type byte of the frames
     */
    public FrameOutputStream(DataOutputStream connection, byte type) {
        this.connection = connection;
        this.type = type;
    }

    @Override
    public synchronized void write(int b) throws IOException {
        if (used == buffer.length) {
            flush();
        }
        buffer[used++] = (byte) b;
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
        int done = 0;
        while (done < length) {
            if (used == buffer.length) {
                flush();
            }
            int piece = Math.min(length - done, buffer.length - used);
            System.arraycopy(bytes, offset + done, buffer, used, piece);
            used += piece;
            done += piece;
        }
    }

    @Override
    public synchronized void flush() throws IOException {
        if (used == 0) {
            return;
        }
        Frame frame = new Frame(type, Arrays.copyOf(buffer, used));
        used = 0;
        synchronized (connection) {
            // A channel that a thread is interrupted at is closed. Who interrupts a command holds the lock, too.
            boolean interrupted = Thread.interrupted();
            try {
                frame.writeTo(connection);
                connection.flush();
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Flushes; the connection stays open, since a pipeline closes its last stage's output. */
    @Override
    public void close() throws IOException {
        flush();
    }
}
