package org.ringfence.gateway.internal;

import java.util.Map;

/** Names of the socket options that servers commonly set, for people (Linux: asm-generic/socket.h, linux/tcp.h, linux/in.h, linux/in6.h). */
final class OptionName {
    private static final int SOL_IP = 0;
    private static final int SOL_SOCKET = 1;
    private static final int SOL_TCP = 6;
    private static final int SOL_IPV6 = 41;

    private static final Map<Integer, String> SOCKET = Map.ofEntries(Map.entry(2, "SO_REUSEADDR"), Map.entry(3, "SO_TYPE"),
            Map.entry(4, "SO_ERROR"), Map.entry(6, "SO_BROADCAST"), Map.entry(7, "SO_SNDBUF"), Map.entry(8, "SO_RCVBUF"),
            Map.entry(9, "SO_KEEPALIVE"), Map.entry(13, "SO_LINGER"), Map.entry(15, "SO_REUSEPORT"), Map.entry(18, "SO_RCVLOWAT"),
            Map.entry(30, "SO_ACCEPTCONN"), Map.entry(38, "SO_PROTOCOL"), Map.entry(39, "SO_DOMAIN"));
    private static final Map<Integer, String> TCP = Map.ofEntries(Map.entry(1, "TCP_NODELAY"), Map.entry(2, "TCP_MAXSEG"),
            Map.entry(3, "TCP_CORK"), Map.entry(4, "TCP_KEEPIDLE"), Map.entry(5, "TCP_KEEPINTVL"), Map.entry(6, "TCP_KEEPCNT"),
            Map.entry(9, "TCP_DEFER_ACCEPT"), Map.entry(11, "TCP_INFO"), Map.entry(12, "TCP_QUICKACK"), Map.entry(13, "TCP_CONGESTION"),
            Map.entry(18, "TCP_USER_TIMEOUT"), Map.entry(23, "TCP_FASTOPEN"), Map.entry(25, "TCP_NOTSENT_LOWAT"));
    private static final Map<Integer, String> IP = Map.of(1, "IP_TOS", 2, "IP_TTL", 24, "IP_BIND_ADDRESS_NO_PORT");
    private static final Map<Integer, String> IPV6 = Map.of(26, "IPV6_V6ONLY", 67, "IPV6_TCLASS");

    private static final Map<Integer, String> LEVELS = Map.of(SOL_IP, "SOL_IP", SOL_SOCKET, "SOL_SOCKET", SOL_TCP, "SOL_TCP", 17, "SOL_UDP",
            SOL_IPV6, "SOL_IPV6");

    /** Level and option as strace shows them: names, or numbers where there is none. */
    static String levelAndName(long level, long option) {
        Map<Integer, String> names = level == SOL_SOCKET ? SOCKET : level == SOL_TCP ? TCP : level == SOL_IP ? IP : level == SOL_IPV6 ? IPV6 : Map.of();
        String name = names.get((int) option);
        return LEVELS.getOrDefault((int) level, Long.toString(level)) + ", " + (name != null ? name : Long.toString(option));
    }

    private OptionName() {
    }
}
