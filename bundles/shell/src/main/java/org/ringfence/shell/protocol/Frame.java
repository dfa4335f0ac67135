package org.ringfence.shell.protocol;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One message of the shell protocol on {@code shell.sock}.
 *
 * <p>A connection is a session: variables set by one command are there for the next. Both directions carry frames:
 *
 * <pre>
 *   0        1                          5                5 + length
 *  +--------+--------------------------+----------------+
 *  | type   | length (big-endian)      | payload        |
 *  +--------+--------------------------+----------------+
 *   1 byte    4 bytes, 0..MAX_PAYLOAD    length bytes
 *
 *   type      from    payload
 *   'C' 0x43  client  one command line, UTF-8
 *   'O' 0x4F  server  a piece of what the command wrote to its standard output
 *   'E' 0x45  server  a piece of what it wrote to its standard error, or why it failed
 *   'S' 0x53  server  4 bytes, big-endian: exit status; the command has ended
 *   'I' 0x49  client  nothing: the command that runs is to end (Ctrl-C)
 *   'T' 0x54  client  twice 4 bytes, big-endian: rows and columns of the terminal it writes to
 *   'Q' 0x51  client  the beginning of a line, UTF-8: what may its last word become?
 *   'K' 0x4B  server  the answer to a Q: whole words, UTF-8, a line each, the first MAX_CANDIDATES at most
 *   'P' 0x50  client  nothing: is anybody there?
 *   'P' 0x50  server  nothing: the answer to a P, when all that came before it is done
 * </pre>
 *
 * <p>The server answers each C with any number of O and E in the order they were written, then exactly one S. The
 * client sends its next C after the S. Output frames are sent when the command flushes, so a command that follows
 * something is seen as it runs. The client ends the session by closing; a command that is still running is then
 * interrupted. The status is 0 for success, {@link #FAILED} when the command failed. A client that there is no place for gets an E and an
 * S unasked, and the connection is closed.
 *
 * @param type one of the type bytes above
 * @param payload the bytes after the length; owned by the frame
 */
public record Frame(byte type, byte[] payload) {

    public static final byte COMMAND = 'C';
    public static final byte OUTPUT = 'O';
    public static final byte ERROR = 'E';
    public static final byte STATUS = 'S';
    public static final byte INTERRUPT = 'I';
    public static final byte TERMINAL = 'T';
    public static final byte QUESTION = 'Q';
    public static final byte CANDIDATES = 'K';
    public static final byte PING = 'P';

    /** Exit status of a command that failed or does not exist. */
    public static final int FAILED = 1;
    /** Exit status of a command that was interrupted, as shells have it: 128 and SIGINT. */
    public static final int INTERRUPTED = 130;

    /** The longest payload in bytes that either side accepts. Longer output is sent in several frames. */
    public static final int MAX_PAYLOAD = 64 * 1024;
    /** The most words in an answer to a Q. */
    public static final int MAX_CANDIDATES = 200;

    public static Frame command(String line) {
        return new Frame(COMMAND, line.getBytes(StandardCharsets.UTF_8));
    }

    public static Frame status(int status) {
        return new Frame(STATUS, new byte[] {
            (byte) (status >> 24), (byte) (status >> 16), (byte) (status >> 8), (byte) status
        });
    }

    public static Frame interrupt() {
        return new Frame(INTERRUPT, new byte[0]);
    }

    public static Frame terminal(int rows, int columns) {
        return new Frame(TERMINAL, ByteBuffer.allocate(8).putInt(rows).putInt(columns).array());
    }

    public static Frame question(String line) {
        return new Frame(QUESTION, line.getBytes(StandardCharsets.UTF_8));
    }

    public static Frame ping() {
        return new Frame(PING, new byte[0]);
    }

    /** Of these words the first, as many as fit: nobody chooses among more. */
    public static Frame candidates(List<String> words) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (String word : words.subList(0, Math.min(words.size(), MAX_CANDIDATES))) {
            byte[] line = (text.size() == 0 ? word : "\n" + word).getBytes(StandardCharsets.UTF_8);
            if (text.size() + line.length > MAX_PAYLOAD) {
                break;
            }
            text.writeBytes(line);
        }
        return new Frame(CANDIDATES, text.toByteArray());
    }

    /** Number {@code index} of a terminal frame; 0 if there is none. */
    public int number(int index) {
        return payload.length < (index + 1) * 4 ? 0 : ByteBuffer.wrap(payload).getInt(index * 4);
    }

    /** The payload of a command or message frame. */
    public String text() {
        return new String(payload, StandardCharsets.UTF_8);
    }

    /**
     * The exit status in a status frame.
     *
     * @throws IOException if the payload is not 4 bytes long
     */
    public int status() throws IOException {
        if (payload.length != 4) {
            throw new IOException("shell protocol: status frame of " + payload.length + " bytes, expected 4: "
                    + "server and client are of different versions, rebuild with './ringfence build'");
        }
        return (payload[0] & 0xff) << 24 | (payload[1] & 0xff) << 16 | (payload[2] & 0xff) << 8 | payload[3] & 0xff;
    }

    /** Writes this frame; does not flush. */
    public void writeTo(DataOutputStream out) throws IOException {
        out.writeByte(type);
        out.writeInt(payload.length);
        out.write(payload);
    }

    /**
     * Reads the next frame.
     *
     * @return the frame, or null if the peer has closed between two frames
     * @throws IOException if the peer closes inside a frame or announces more than {@link #MAX_PAYLOAD} bytes
     */
    public static Frame readFrom(DataInputStream in) throws IOException {
        int type = in.read();
        if (type < 0) {
            return null;
        }
        int length = in.readInt();
        if (length < 0 || length > MAX_PAYLOAD) {
            throw new IOException("shell protocol: frame of " + Integer.toUnsignedString(length)
                    + " bytes is beyond " + MAX_PAYLOAD + ": not a shell client, or of a different version");
        }
        byte[] payload = in.readNBytes(length);
        if (payload.length < length) {
            throw new EOFException("shell protocol: peer closed after " + payload.length + " of " + length + " bytes");
        }
        return new Frame((byte) type, payload);
    }
}
