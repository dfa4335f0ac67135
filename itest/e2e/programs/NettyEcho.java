import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * {@code nio|epoll serve PORT}: echoes. {@code nio|epoll ask PORT CONNECTIONS BYTES}: sends so many bytes over each of so many
 * connections at once, and ends with 0 if as many, and the same, came back.
 */
public class NettyEcho {
    private static boolean epoll;

    public static void main(String[] arguments) throws Exception {
        epoll = arguments[0].equals("epoll");
        if (epoll) {
            Epoll.ensureAvailability();
        }
        EventLoopGroup group = epoll ? new EpollEventLoopGroup(2) : new NioEventLoopGroup(2);
        int port = Integer.parseInt(arguments[2]);
        if (arguments[1].equals("serve")) {
            Class<? extends ServerChannel> kind = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
            new ServerBootstrap().group(group).channel(kind).option(ChannelOption.SO_REUSEADDR, true).option(ChannelOption.SO_BACKLOG, 256)
                    .childOption(ChannelOption.TCP_NODELAY, true).childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .childHandler(each(Echo::new)).bind("127.0.0.1", port).sync().channel()
                    .closeFuture().sync();
            return;
        }
        int connections = Integer.parseInt(arguments[3]);
        int bytes = Integer.parseInt(arguments[4]);
        CountDownLatch left = new CountDownLatch(connections);
        Bootstrap client = new Bootstrap().group(group).channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true).handler(each(() -> new Ask(bytes, left)));
        for (int i = 0; i < connections; i++) {
            client.connect("127.0.0.1", port).sync();
        }
        boolean all = left.await(60, TimeUnit.SECONDS);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        System.exit(all ? 0 : 1);
    }

    private static ChannelInitializer<SocketChannel> each(java.util.function.Supplier<ChannelInboundHandlerAdapter> handler) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline().addLast(handler.get());
            }
        };
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        /** The client sends no more, and waits for the rest of its bytes. */
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            context.channel().config().setAutoRead(context.channel().isWritable());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    private static final class Ask extends ChannelInboundHandlerAdapter {
        private final int bytes;
        private final CountDownLatch left;
        private int sent;
        private int received;

        Ask(int bytes, CountDownLatch left) {
            this.bytes = bytes;
            this.left = left;
        }

        private static byte at(int position) {
            return (byte) (position * 131 + position / 251);
        }

        private void send(ChannelHandlerContext context) {
            while (sent < bytes && context.channel().isWritable()) {
                int length = Math.min(16384, bytes - sent);
                ByteBuf part = context.alloc().buffer(length);
                for (int i = 0; i < length; i++) {
                    part.writeByte(at(sent + i));
                }
                sent += length;
                context.writeAndFlush(part);
            }
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            send(context);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            send(context);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf part = (ByteBuf) message;
            while (part.isReadable()) {
                if (part.readByte() != at(received++)) {
                    System.err.println("byte " + (received - 1) + " is another");
                    System.exit(2);
                }
            }
            part.release();
            if (received == bytes) {
                left.countDown();
                context.close();
            }
        }
    }
}
