import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Comparator;

/** Reads every option that the platform's channels have and sets it to what was read: the same natively and behind the gateway. */
public class Options {
    public static void main(String[] arguments) throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
                SocketChannel client = SocketChannel.open(server.getLocalAddress());
                DatagramChannel datagrams = DatagramChannel.open()) {
            for (NetworkChannel channel : new NetworkChannel[] {server, client, datagrams}) {
                channel.supportedOptions().stream().sorted(Comparator.comparing(SocketOption::name)).forEach(each -> tell(channel, each));
            }
        }
    }

    private static <T> void tell(NetworkChannel channel, SocketOption<T> option) {
        String line = channel.getClass().getSimpleName() + " " + option.name();
        try {
            T value = channel.getOption(option);
            // this one numbers the queue that something came by
            line += option.name().equals("SO_INCOMING_NAPI_ID") ? "" : " " + value;
            channel.setOption(option, value);
            System.out.println(line + " " + channel.getOption(option));
        } catch (Exception e) {
            System.out.println(line + " " + e);
        }
    }
}
