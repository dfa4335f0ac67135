package org.ringfence.shell.protocol;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;

/** A channel that one thread reads while another writes. */
public final class Duplex {
    private Duplex() {
    }

    /**
     * A stream to the channel that does not wait for who reads it. {@code Channels} locks a selectable channel as a whole for each read
     * and each write (JDK 17), so the channel is shown to it without its type.
     */
    public static OutputStream output(SocketChannel channel) {
        return Channels.newOutputStream(new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                return channel.write(source);
            }

            @Override
            public boolean isOpen() {
                return channel.isOpen();
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        });
    }
}
