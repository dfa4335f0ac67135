import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Prints the addresses of names, the name of an address, and the interfaces: the same natively and behind the gateway. */
public class Names {
    /** The kernel lists them in no order. */
    private static List<String> sorted(NetworkInterface each) {
        return each.getInterfaceAddresses().stream().map(Object::toString).sorted().toList();
    }

    public static void main(String[] arguments) throws Exception {
        for (String name : new String[] {"www.example.test", "www", "fromfile", "localhost", "missing.invalid"}) {
            try {
                System.out.println(name + " " + Arrays.toString(InetAddress.getAllByName(name)));
            } catch (UnknownHostException e) {
                System.out.println(name + " unknown");
            }
        }
        System.out.println(InetAddress.getByName("192.0.2.7").getCanonicalHostName());
        for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            System.out.println(each.getName() + " " + each.getIndex() + " " + each.getMTU() + " " + each.isUp() + " " + each.isLoopback()
                    + " " + Arrays.toString(each.getHardwareAddress()) + " " + sorted(each));
        }
    }
}
