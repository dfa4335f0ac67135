package org.ringfence.translator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The numbers written in the code are those of the table, and the table says what it should. */
class AbiTableTest {
    private final AbiTable abi = new AbiTable();

    @Test
    void holdsEveryGroupThatIsUsed() {
        for (String group : new String[] {"af", "socktype", "level", "so", "ipproto", "ip", "ipv6", "tcp", "shut", "errno",
            "layout"}) {
            assertTrue(abi.rows(group).size() >= 3, group);
        }
    }

    @Test
    void everyErrnoInTheCodeIsTheTablesOne() throws IllegalAccessException {
        int checked = 0;
        for (Field field : LinuxErrno.class.getDeclaredFields()) {
            if (field.getType() == int.class) {
                assertEquals(abi.linux("errno", field.getName()), field.getInt(null), field.getName());
                checked++;
            }
        }
        assertEquals(12, checked);
    }

    @Test
    void familiesInTheCodeAreTheTablesOnes() {
        assertEquals(abi.linux("af", "AF_UNSPEC"), SocketAddress.AF_UNSPEC);
        assertEquals(abi.netbsd("af", "AF_UNSPEC"), SocketAddress.AF_UNSPEC);
        assertEquals(abi.linux("af", "AF_INET"), SocketAddress.AF_INET);
        assertEquals(abi.netbsd("af", "AF_INET"), SocketAddress.AF_INET);
        assertEquals(abi.linux("af", "AF_INET6"), SocketAddress.LINUX_AF_INET6);
        assertEquals(abi.netbsd("af", "AF_INET6"), SocketAddress.NETBSD_AF_INET6);
    }

    @Test
    void whatIsPassedOnUnchangedHasTheSameNumberInBothAbis() {
        for (String[] same : new String[][] {{"socktype", "SOCK_STREAM"}, {"socktype", "SOCK_DGRAM"},
            {"ipproto", "IPPROTO_IP"}, {"ipproto", "IPPROTO_TCP"}, {"ipproto", "IPPROTO_UDP"},
            {"ipproto", "IPPROTO_IPV6"}, {"shut", "SHUT_RD"}, {"shut", "SHUT_WR"}, {"shut", "SHUT_RDWR"},
            {"layout", "sizeof(struct sockaddr_in)"}, {"layout", "sizeof(struct sockaddr_in6)"},
            {"layout", "offsetof(struct sockaddr_in.sin_port)"}, {"layout", "offsetof(struct sockaddr_in.sin_addr)"},
            {"layout", "offsetof(struct sockaddr_in6.sin6_port)"},
            {"layout", "offsetof(struct sockaddr_in6.sin6_flowinfo)"},
            {"layout", "offsetof(struct sockaddr_in6.sin6_addr)"},
            {"layout", "offsetof(struct sockaddr_in6.sin6_scope_id)"},
            {"layout", "sizeof(struct linger)"}, {"layout", "offsetof(struct linger.l_linger)"},
            {"layout", "sizeof(struct timeval)"}, {"layout", "offsetof(struct timeval.tv_usec)"},
            {"layout", "offsetof(struct tcp_info.tcpi_snd_mss)"}, {"layout", "offsetof(struct tcp_info.tcpi_rtt)"},
            {"layout", "offsetof(struct tcp_info.tcpi_snd_ssthresh)"},
            {"layout", "offsetof(struct tcp_info.tcpi_snd_cwnd)"}}) {
            assertEquals(abi.linux(same[0], same[1]), abi.netbsd(same[0], same[1]), same[1]);
        }
    }

    @Test
    void sizesInTheCodeAreTheTablesOnes() {
        assertEquals(SocketAddress.IPV4_LENGTH, abi.linux("layout", "sizeof(struct sockaddr_in)"));
        assertEquals(SocketAddress.IPV6_LENGTH, abi.linux("layout", "sizeof(struct sockaddr_in6)"));
        assertEquals(104, abi.linux("layout", "sizeof(struct tcp_info)"));
        assertEquals(236, abi.netbsd("layout", "sizeof(struct tcp_info)"));
        assertEquals(16, abi.linux("layout", "offsetof(struct tcp_info.tcpi_snd_mss)"));
        assertEquals(76, abi.linux("layout", "offsetof(struct tcp_info.tcpi_snd_ssthresh)"));
        assertEquals(80, abi.linux("layout", "offsetof(struct tcp_info.tcpi_snd_cwnd)"));
        assertEquals(5, abi.netbsd("layout", "offsetof(struct tcp_info.tcpi_options)"));
        assertEquals(4, abi.netbsd("layout", "sizeof(struct timeval.tv_usec)"));
        assertEquals(0, abi.netbsd("layout", "offsetof(struct sockaddr.sa_len)"));
        assertEquals(1, abi.netbsd("layout", "offsetof(struct sockaddr.sa_family)"));
        assertEquals(2, abi.linux("layout", "sizeof(struct sockaddr.sa_family)"));
    }

    @Test
    void anErrnoOfNetbsdMeansOneErrnoOfLinux() {
        Map<Integer, Integer> seen = new HashMap<>();
        for (AbiTable.Row row : abi.rows("errno")) {
            if (row.linux() != null && row.netbsd() != null) {
                Integer other = seen.put(row.netbsd(), row.linux());
                assertTrue(other == null || other.equals(row.linux()), row.name() + " is ambiguous");
            }
        }
        assertTrue(seen.size() > 80);
    }

    @Test
    void namesWhatIsMissing() {
        String message = assertThrows(IllegalStateException.class, () -> abi.netbsd("tcp", "TCP_CORK")).getMessage();
        assertEquals("linux-netbsd-abi.tsv: no TCP_CORK of group tcp for NetBSD", message);
        assertThrows(IllegalStateException.class, () -> abi.linux("tcp", "TCP_NO_SUCH"));
    }
}
