/* Interfaces: what ioctl(), the functions of if_nameindex(3) and rtnetlink tell of the loopback's, which every stack
 * has. The rest is compared by itest/e2e/names.sh, with what the stack really has. */
#include "check.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct ifreq request_for(const char *name) {
    struct ifreq request = {0};
    strcpy(request.ifr_name, name);
    return request;
}

static uint32_t ipv4(const struct sockaddr *address) {
    return address->sa_family == AF_INET ? ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) : 0;
}

static void by_ioctl(int fd) {
    struct ifreq r = request_for("lo");
    check(ioctl(fd, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == 1, "the loopback interface is number 1");
    r = (struct ifreq){.ifr_ifindex = 1};
    check(ioctl(fd, SIOCGIFNAME, &r) == 0 && strcmp(r.ifr_name, "lo") == 0, "and number 1 is called lo");
    r = request_for("lo");
    check(ioctl(fd, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK),
          "it is up");
    r = request_for("lo");
    check(ioctl(fd, SIOCGIFADDR, &r) == 0 && ipv4(&r.ifr_addr) == INADDR_LOOPBACK, "its address is 127.0.0.1");
    r = request_for("lo");
    check(ioctl(fd, SIOCGIFNETMASK, &r) == 0 && ipv4(&r.ifr_netmask) == 0xff000000, "its netmask is 255.0.0.0");
    r = request_for("lo");
    check(ioctl(fd, SIOCGIFMTU, &r) == 0 && r.ifr_mtu >= 1280, "its MTU is told");
    r = request_for("lo");
    check(ioctl(fd, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == 772, "its hardware is that of a loopback");
    r = request_for("no-such-one");
    check(ioctl(fd, SIOCGIFADDR, &r) == -1 && errno == ENODEV, "an interface that is not there is ENODEV");
    r = request_for("lo");
    need(ioctl(fd, SIOCGIFFLAGS, &r) == 0);
    short flags = r.ifr_flags;
    check(ioctl(fd, SIOCSIFFLAGS, &r) == 0 || errno == EPERM, "flags that are set can be set, by whoever may");
    r.ifr_flags = 0;
    need(ioctl(fd, SIOCGIFFLAGS, &r) == 0);
    check(r.ifr_flags == flags, "and are as they were");
    void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(ioctl(fd, SIOCGIFFLAGS, nowhere) == -1 && errno == EFAULT && ioctl(fd, SIOCGIFCONF, (void *)-1) == -1 && errno == EFAULT,
          "a pointer that leads nowhere is EFAULT");
    munmap(nowhere, 4096);
    r = (struct ifreq){.ifr_ifindex = 1000000};
    check(ioctl(fd, SIOCGIFNAME, &r) == -1 && errno == ENODEV, "and so is a number");
}

static void all_by_ioctl(int fd) {
    struct ifreq some[64];
    struct ifconf conf = {.ifc_len = 0, .ifc_buf = NULL};
    need(ioctl(fd, SIOCGIFCONF, &conf) == 0);
    int length = conf.ifc_len;
    check(length >= (int)sizeof some[0] && length % (int)sizeof some[0] == 0, "SIOCGIFCONF tells the length of its list");
    conf = (struct ifconf){.ifc_len = sizeof some, .ifc_req = some};
    need(ioctl(fd, SIOCGIFCONF, &conf) == 0);
    bool found = false;
    for (int i = 0; i < conf.ifc_len / (int)sizeof some[0]; i++)
        found |= strcmp(some[i].ifr_name, "lo") == 0 && ipv4(&some[i].ifr_addr) == INADDR_LOOPBACK;
    check(found && conf.ifc_len <= length, "and the list has the loopback interface");
    conf = (struct ifconf){.ifc_len = sizeof some[0] + 1, .ifc_req = some};
    check(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == sizeof some[0], "of which it gives what fits");
    conf = (struct ifconf){.ifc_len = -1, .ifc_req = some};
    check(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == 0, "nothing, if the length is negative");
    char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(edge != MAP_FAILED && mprotect(edge + 4096, 4096, PROT_NONE) == 0);
    conf = (struct ifconf){.ifc_len = 4096, .ifc_buf = edge + 4096 - length};
    check(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == length, "and all, if what is behind it is not there");
    conf = (struct ifconf){.ifc_len = length, .ifc_buf = edge + 4096 - length + 8};
    check(ioctl(fd, SIOCGIFCONF, &conf) == -1 && errno == EFAULT, "but not without room for the last");
    munmap(edge, 8192);
}

static void by_name(void) {
    char name[IF_NAMESIZE];
    check(if_nametoindex("lo") == 1, "if_nametoindex() finds lo");
    check(if_indextoname(1, name) == name && strcmp(name, "lo") == 0, "if_indextoname() finds it by its number");
    check(if_nametoindex("no-such-one") == 0 && errno == ENODEV, "and does not find another");
    check(if_indextoname(1000000, name) == NULL && errno == ENXIO, "nor another number");
    struct if_nameindex *all = if_nameindex();
    bool found = false;
    for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++)
        found |= i->if_index == 1 && strcmp(i->if_name, "lo") == 0;
    check(found, "if_nameindex() lists it");
    if_freenameindex(all);
}

static void addresses(void) {
    struct ifaddrs *all;
    bool link = false, in = false;
    need(getifaddrs(&all) == 0);
    for (struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
        if (strcmp(a->ifa_name, "lo") != 0 || a->ifa_addr == NULL) continue;
        link |= a->ifa_addr->sa_family == AF_PACKET && a->ifa_data != NULL;
        in |= ipv4(a->ifa_addr) == INADDR_LOOPBACK && ipv4(a->ifa_netmask) == 0xff000000 &&
              (a->ifa_flags & IFF_LOOPBACK) != 0;
    }
    check(link, "getifaddrs() lists the loopback interface");
    check(in, "and its address, with netmask and flags");
    freeifaddrs(all);
}

/* ---- rtnetlink ---- */

static struct {
    struct nlmsghdr message;
    union {
        struct rtgenmsg any;
        struct ifinfomsg link;
        struct rtmsg route;
    };
    char attributes[64];
} ask;

static void prepare(uint16_t type, uint16_t flags, size_t header) {
    memset(&ask, 0, sizeof ask);
    ask.message = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(header),
                                    .nlmsg_type = type,
                                    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                                    .nlmsg_seq = 4711};
}

static _Alignas(struct nlmsghdr) char answer[65536];

static ssize_t exchange(int fd) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    need(sendto(fd, &ask, ask.message.nlmsg_len, 0, (void *)&kernel, sizeof kernel) == (ssize_t)ask.message.nlmsg_len);
    struct iovec vector = {answer, sizeof answer};
    struct sockaddr_nl from = {0};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector, .msg_iovlen = 1};
    ssize_t got = recvmsg(fd, &message, 0);
    if (got >= 0 && (message.msg_namelen != sizeof from || from.nl_family != AF_NETLINK || from.nl_pid != 0)) return -1;
    return got;
}

static void over_rtnetlink(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), domain = 0;
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof name;
    need(fd >= 0);
    check(bind(fd, (void *)&name, sizeof name) == 0 && getsockname(fd, (void *)&name, &length) == 0 &&
              length == sizeof name && name.nl_family == AF_NETLINK && name.nl_pid != 0,
          "an rtnetlink socket is bound to a port");
    length = sizeof domain;
    check(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK,
          "and its domain is AF_NETLINK");
    check(polled(fd, POLLIN, 0) == 0, "it is not readable before it is asked");

    prepare(RTM_GETLINK, NLM_F_DUMP, sizeof ask.any);
    ssize_t got = exchange(fd);
    bool found = false, done = false, ours = true;
    while (got > 0 && !done) {
        int left = (int)got;
        for (struct nlmsghdr *m = (void *)answer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            ours &= m->nlmsg_seq == 4711 && (m->nlmsg_flags & NLM_F_MULTI) != 0 && m->nlmsg_pid == name.nl_pid;
            done |= m->nlmsg_type == NLMSG_DONE;
            found |= m->nlmsg_type == RTM_NEWLINK && ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index == 1;
        }
        if (!done) got = recv(fd, answer, sizeof answer, 0);
    }
    check(found && done, "a dump of links has the loopback's, and an end");
    check(ours, "its messages bear the request's number");
    check(polled(fd, POLLIN, 0) == 0, "nothing is left to read behind it");

    prepare(RTM_GETLINK, 0, sizeof ask.link);
    ask.link.ifi_index = 1;
    got = exchange(fd);
    struct nlmsghdr *m = (void *)answer;
    check(got > 0 && m->nlmsg_type == RTM_NEWLINK && ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index == 1,
          "one link is told by its number");
    ask.link.ifi_index = 1000000;
    got = exchange(fd);
    check(got > 0 && m->nlmsg_type == NLMSG_ERROR && ((struct nlmsgerr *)NLMSG_DATA(m))->error == -ENODEV,
          "a link that is not there is ENODEV");

    prepare(RTM_GETROUTE, 0, sizeof ask.route);
    ask.route.rtm_family = AF_INET;
    ask.route.rtm_dst_len = 32;
    struct rtattr *to = (void *)((char *)&ask + NLMSG_ALIGN(ask.message.nlmsg_len));
    *to = (struct rtattr){.rta_len = RTA_LENGTH(4), .rta_type = RTA_DST};
    memcpy(RTA_DATA(to), "\x7f\0\0\1", 4);
    ask.message.nlmsg_len += RTA_LENGTH(4);
    got = exchange(fd);
    check(got > 0 && m->nlmsg_type == RTM_NEWROUTE && ((struct rtmsg *)NLMSG_DATA(m))->rtm_type == RTN_LOCAL,
          "the way to 127.0.0.1 is local");

    prepare(RTM_NEWLINK, NLM_F_ACK, sizeof ask.link);
    ask.link.ifi_index = 1000000;
    got = exchange(fd);
    check(got > 0 && m->nlmsg_type == NLMSG_ERROR && ((struct nlmsgerr *)NLMSG_DATA(m))->error < 0,
          "a request to change what is not there is refused");
    close(fd);
}

/* Addresses are of the internet's sockets; the rest is of any. */
static void of_sockets(void) {
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
    static const unsigned long addresses[] = {SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK};
    static const unsigned long links[] = {SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFMETRIC};
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        int fd = socket(families[f], families[f] == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM, 0);
        bool told = true, well = true;
        need(fd >= 0);
        for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
            struct ifreq r = request_for("lo");
            told &= ioctl(fd, links[i], &r) == 0;
        }
        for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
            struct ifreq r = request_for("lo");
            well &= families[f] == AF_INET ? ioctl(fd, addresses[i], &r) == 0 : ioctl(fd, addresses[i], &r) == -1 && errno == ENOTTY;
        }
        struct ifconf conf = {.ifc_len = 0, .ifc_buf = NULL};
        check(told && ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len > 0, "family %d: a socket tells of links, and the list", families[f]);
        check(well, "family %d: of addresses %s", families[f], families[f] == AF_INET ? "as well" : "it knows nothing");
        struct ifreq r = request_for("lo");
        check(ioctl(fd, SIOCSIFLINK, &r) == -1 && errno == ENOTTY, "there is no SIOCSIFLINK");
        if (families[f] != AF_INET)
            check(ioctl(fd, SIOCSIFNETMASK, &r) == -1 && errno == ENOTTY && ioctl(fd, SIOCSIFBRDADDR, &r) == -1 && errno == ENOTTY,
                  "nor a netmask to be set by it");
        close(fd);
    }
}

/* The question needs no further descriptor. */
static void without_numbers(int fd) {
    static int held[4096];
    int count = 0, asked = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct rlimit before, limit;
    need(asked >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
    limit = (struct rlimit){256, before.rlim_max};
    need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    usleep(100000); /* what was told a moment ago would do */
    while (count < 4096 && (held[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) count++;
    need(errno == EMFILE);
    struct ifreq r = request_for("lo");
    check(ioctl(fd, SIOCGIFADDR, &r) == 0 && ipv4(&r.ifr_addr) == INADDR_LOOPBACK, "without a free descriptor a socket tells as before");
    usleep(100000);
    prepare(RTM_GETLINK, 0, sizeof ask.link);
    ask.link.ifi_index = 1;
    check(exchange(asked) > 0 && ((struct nlmsghdr *)answer)->nlmsg_type == RTM_NEWLINK, "and so does rtnetlink");
    close(held[--count]);
    int file = open("/proc/net/dev", O_RDONLY);
    char byte;
    check(file == held[count] && read(file, &byte, 1) == 1 && write(file, "x", 1) == -1, "a file takes the last number");
    close(file);
    while (count > 0) close(held[--count]);
    need(setrlimit(RLIMIT_NOFILE, &before) == 0);
    close(asked);
}

/* ---- files ---- */

static void of_proc(void) {
    static const char *const paths[] = {"/proc/net/dev", "/proc/net/route", "/proc/self/net/if_inet6"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int free = dup(0), fd;
        close(free);
        struct stat status;
        char byte;
        fd = open(paths[i], O_RDONLY);
        if (fd < 0) continue; /* no IPv6 */
        need(fstat(fd, &status) == 0);
        check(fd == free, "%s takes the lowest number", paths[i]);
        check(status.st_mode == (S_IFREG | 0444) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY, "is a file that is read");
        check(write(fd, "x", 1) == -1 && errno == EBADF && read(fd, &byte, 1) >= 0, "and not written");
        check(fcntl(fd, F_GETFD) == 0, "it goes on to the next program");
        close(fd);
        fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        check(fd == free && fcntl(fd, F_GETFD) == FD_CLOEXEC, "unless it is not to");
        close(fd);
    }
}

int main(void) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_UNIX, SOCK_DGRAM, 0);
    by_ioctl(fd);
    all_by_ioctl(fd);
    struct ifreq r = request_for("lo");
    check(ioctl(other, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == 1, "any other socket tells the same");
    over_rtnetlink();
    by_name();
    addresses();
    of_sockets();
    without_numbers(fd);
    of_proc();
    close(fd), close(other);
    finished();
}
