/* Names: libc's resolver, from files and from a name server that the program itself plays. Behind the shim its datagrams
 * and its connections go through the region like any other. */
#include "check.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <sys/syscall.h>

/* ---- a name server, of one question at a time ---- */

static int server_datagrams, server_listener;
static _Atomic int asked_by_datagram, asked_by_connection;

static size_t put(uint8_t *at, const void *bytes, size_t length) {
    memcpy(at, bytes, length);
    return length;
}

/* One record of the question's name. */
static size_t record(uint8_t *at, int type, const void *data, uint16_t length) {
    uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, (uint8_t)(length >> 8), (uint8_t)length};
    size_t n = put(at, head, sizeof head);
    return n + put(at + n, data, length);
}

/* What is answered is decided by the first letters of the name. 0: nothing. */
static size_t answer_to(const uint8_t *query, size_t length, uint8_t *answer, bool by_datagram) {
    if (length < 17 || length > 300) return 0;
    const char *name = (const char *)query + 13;
    size_t end = 12;
    while (end < length - 5 && query[end] != 0) end += query[end] + 1u;
    if (end + 5 > length) return 0;
    int type = query[end + 2], records = 0;
    size_t n = put(answer, query, end + 5);
    answer[2] = 0x85, answer[3] = 0x80; /* an answer, from who knows; recursion */
    memset(answer + 6, 0, 6);
    if (strncmp(name, "silent", 6) == 0) return 0;
    if (strncmp(name, "missing", 7) == 0) {
        answer[3] |= ns_r_nxdomain;
        return n;
    }
    if (strncmp(name, "failing", 7) == 0) {
        answer[3] |= ns_r_servfail;
        return n;
    }
    if (strncmp(name, "garbage", 7) == 0) { /* lengths beyond the end, a name that refers to itself */
        for (int i = 0; i < 40; i++) n += put(answer + n, "\xc0\x30\xff\xff\0\1\0\1\0\0\0\0\xff\xff", 14);
        answer[7] = 40;
        return n;
    }
    if (strncmp(name, "short", 5) == 0) return 5;
    if (strncmp(name, "long", 4) == 0 && by_datagram) {
        answer[2] |= 2; /* truncated: by connection, please */
        return n;
    }
    int many = strncmp(name, "long", 4) == 0 ? 200 : 1;
    for (; records < many && type == ns_t_a; records++) {
        uint8_t address[] = {192, 0, 2, (uint8_t)(7 + records)};
        n += record(answer + n, ns_t_a, address, sizeof address);
    }
    if (type == ns_t_aaaa && many == 1) n += record(answer + n, type, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16), records = 1;
    if (type == ns_t_txt) n += record(answer + n, type, "\5hello", 6), records = 1;
    if (type == ns_t_ptr) n += record(answer + n, type, "\4name\4test", 11), records = 1;
    answer[6] = (uint8_t)(records >> 8), answer[7] = (uint8_t)records;
    return n;
}

static void *serve_datagrams(void *unused) {
    static uint8_t query[512], answer[65536];
    (void)unused;
    for (;;) {
        struct endpoint from = {.length = sizeof from.address};
        ssize_t got = recvfrom(server_datagrams, query, sizeof query, 0, (void *)&from.address, &from.length);
        if (got < 0) return NULL;
        size_t length = answer_to(query, (size_t)got, answer, true);
        asked_by_datagram++;
        if (length > 0) sendto(server_datagrams, answer, length, 0, (void *)&from.address, from.length);
    }
}

static void *serve_connections(void *unused) {
    static uint8_t query[512], answer[65536 + 2];
    (void)unused;
    for (;;) {
        int fd = accept(server_listener, NULL, NULL);
        if (fd < 0) return NULL;
        uint8_t head[2];
        while (read_all(fd, head, 2) && read_all(fd, query, (size_t)head[0] << 8 | head[1])) {
            size_t length = answer_to(query, (size_t)head[0] << 8 | head[1], answer + 2, false);
            asked_by_connection++;
            answer[0] = (uint8_t)(length >> 8), answer[1] = (uint8_t)length;
            if (write(fd, answer, length + 2) < 0) break;
        }
        close(fd);
    }
}

static struct sockaddr_in server_address(void) {
    struct endpoint at = local_of(server_datagrams);
    return *(struct sockaddr_in *)&at.address;
}

/* The thread's resolver asks the server, and nobody else. */
static void use_server(void) {
    need(res_init() == 0);
    _res.nscount = 1;
    _res.nsaddr_list[0] = server_address();
    _res.retrans = 1;
    _res.retry = 1;
    _res.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
}

static void start_server(void) {
    pthread_t thread;
    for (int attempt = 0; attempt < 100; attempt++) {
        server_datagrams = datagram(AF_INET);
        struct endpoint at = local_of(server_datagrams);
        server_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(server_listener, (void *)&at.address, at.length) == 0) break;
        close(server_datagrams), close(server_listener);
    }
    need(listen(server_listener, 8) == 0);
    need(pthread_create(&thread, NULL, serve_datagrams, NULL) == 0);
    need(pthread_create(&thread, NULL, serve_connections, NULL) == 0);
}

/* ---- without a server ---- */

static int resolve(const char *node, const char *service, int flags, int family, struct addrinfo **found) {
    struct addrinfo hints = {.ai_flags = flags, .ai_family = family, .ai_socktype = SOCK_STREAM};
    *found = NULL;
    return getaddrinfo(node, service, &hints, found);
}

static uint32_t ipv4(const struct addrinfo *a) {
    return a == NULL || a->ai_family != AF_INET ? 0 : ntohl(((struct sockaddr_in *)a->ai_addr)->sin_addr.s_addr);
}

static void from_files(void) {
    struct addrinfo *found;
    check(resolve("localhost", "http", 0, AF_INET, &found) == 0 && ipv4(found) == INADDR_LOOPBACK &&
              ((struct sockaddr_in *)found->ai_addr)->sin_port == htons(80),
          "getaddrinfo() finds localhost in /etc/hosts, and http in /etc/services");
    freeaddrinfo(found);
    check(resolve(NULL, "80", AI_PASSIVE, AF_INET, &found) == 0 && ipv4(found) == INADDR_ANY,
          "AI_PASSIVE is the unspecified address");
    freeaddrinfo(found);
    check(resolve("localhost", "80", AI_NUMERICHOST, AF_UNSPEC, &found) == EAI_NONAME,
          "AI_NUMERICHOST takes numbers only");
    check(resolve("127.0.0.1", "no-such-service", 0, AF_INET, &found) == EAI_SERVICE, "a service that is not there");
    check(resolve("127.0.0.1", "80", AI_CANONNAME, AF_INET, &found) == 0 && strcmp(found->ai_canonname, "127.0.0.1") == 0,
          "AI_CANONNAME of a number is the number");
    freeaddrinfo(found);
    struct hostent *first = gethostbyname("localhost");
    check(first != NULL && first->h_addrtype == AF_INET && ntohl(*(uint32_t *)first->h_addr) == INADDR_LOOPBACK,
          "gethostbyname() finds localhost");
    check(gethostbyname("127.0.0.1") == first, "its memory is one for all");
    struct hostent entry, *result = &entry;
    char small[8], large[1024];
    int error = 0;
    check(gethostbyname_r("localhost", &entry, small, sizeof small, &result, &error) == ERANGE && result == NULL,
          "gethostbyname_r() says when its buffer is too small");
    check(gethostbyname_r("localhost", &entry, large, sizeof large, &result, &error) == 0 && result == &entry,
          "and fills one that is large enough");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(80)};
    char service[32];
    check(getnameinfo((void *)&address, sizeof address, large, sizeof large, service, sizeof service, NI_NUMERICHOST) == 0 &&
              strcmp(large, "127.0.0.1") == 0 && strcmp(service, "http") == 0,
          "getnameinfo() knows the service's name");
}

/* ---- with the server ---- */

static void from_server(void) {
    struct addrinfo *found;
    int before = asked_by_datagram;
    check(resolve("name.test", "80", 0, AF_INET, &found) == 0 && ipv4(found) == 0xc0000207, "getaddrinfo() asks the name server");
    check(asked_by_datagram == before + 1 && asked_by_connection == 0, "with one datagram");
    freeaddrinfo(found);
    int four = 0, six = 0;
    need(resolve("name.test", "80", 0, AF_UNSPEC, &found) == 0);
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next) four += a->ai_family == AF_INET, six += a->ai_family == AF_INET6;
    freeaddrinfo(found);
    check(four == 1 && six == 1, "for both families at once");
    check(resolve("missing.test", "80", 0, AF_INET, &found) == EAI_NONAME, "a name that is not there is EAI_NONAME");
    check(resolve("failing.test", "80", 0, AF_INET, &found) == EAI_AGAIN, "a server that fails is EAI_AGAIN");
    int many = 0;
    need(resolve("long.test", "80", 0, AF_INET, &found) == 0);
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next) many++;
    freeaddrinfo(found);
    check(many > 20 && asked_by_connection > 0, "an answer that is too long for a datagram comes by a connection: %d, %d", many,
          asked_by_connection);
    struct in_addr number = {.s_addr = htonl(0xc0000207)};
    struct hostent *host = gethostbyaddr(&number, sizeof number, AF_INET);
    check(host != NULL && strcmp(host->h_name, "name.test") == 0, "gethostbyaddr() asks it for a name");
    unsigned char text[512];
    int length = res_query("name.test", C_IN, T_TXT, text, sizeof text);
    check(length > 6 && memcmp(text + length - 5, "hello", 5) == 0, "res_query() asks it for a text");
    check(res_query("missing.test", C_IN, T_TXT, text, sizeof text) == -1 && h_errno == HOST_NOT_FOUND,
          "and h_errno tells why there is none");
    struct __res_state mine = {0};
    need(res_ninit(&mine) == 0);
    mine.nscount = 1, mine.nsaddr_list[0] = server_address();
    check(res_nquery(&mine, "name.test", C_IN, T_A, text, sizeof text) > 0, "res_nquery() does, with a state of its own");
    res_nclose(&mine);
}

static void hostile(void) {
    struct addrinfo *found;
    int status = resolve("garbage.test", "80", 0, AF_INET, &found);
    check(status != 0, "an answer that is garbage is none: %d", status);
    status = resolve("short.test", "80", 0, AF_INET, &found);
    check(status == EAI_AGAIN, "neither is one that is shorter than its head: %d", status);
    check(resolve("name.test", "80", 0, AF_INET, &found) == 0, "and the next question is answered");
    freeaddrinfo(found);
}

static volatile sig_atomic_t alarms;
static void count(int number) {
    (void)number;
    alarms++;
}

static void waiting(void) {
    struct addrinfo *found;
    struct sigaction action = {.sa_handler = count};
    need(sigaction(SIGUSR1, &action, NULL) == 0);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec each = {{0, 100000000}, {0, 100000000}};
    need(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &each, NULL) == 0);
    double began = seconds();
    check(resolve("silent.test", "80", 0, AF_INET, &found) == EAI_AGAIN, "a server that does not answer is EAI_AGAIN");
    double took = seconds() - began;
    timer_delete(timer);
    check(took > 0.5 && took < 15, "after its time-out: %.1f s", took);
    check(alarms > 2, "meanwhile the program's signal handlers run: %d times", (int)alarms);
}

/* ---- what is around it ---- */

static volatile sig_atomic_t bad_calls;
static void note(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    if (info->si_code == SI_TKILL || info->si_code == SI_USER) bad_calls++;
}

static void signals(void) {
    struct addrinfo *found;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO}, old = {0};
    need(sigaction(SIGSYS, &action, NULL) == 0);
    need(resolve("localhost", "80", 0, AF_INET, &found) == 0);
    freeaddrinfo(found);
    check(sigaction(SIGSYS, NULL, &old) == 0 && old.sa_sigaction == note, "a program's action for SIGSYS stays its own");
    raise(SIGSYS);
    check(bad_calls == 1, "and takes the signals that others send");
    sigset_t all, before, after;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_sigmask(SIG_SETMASK, NULL, &all);
    check(resolve("name.test", "80", 0, AF_INET, &found) == 0, "names are found with all signals blocked");
    freeaddrinfo(found);
    pthread_sigmask(SIG_SETMASK, &before, &after);
    check(memcmp(&all, &after, 8) == 0, "and the mask is as it was");
    check(getppid() > 0 && syscall(SYS_getppid) == getppid(), "afterwards system calls are the kernel's");
}

static _Atomic int thread_failures;
static void *one_thread(void *unused) {
    (void)unused;
    use_server();
    for (int i = 0; i < 25; i++) {
        struct addrinfo *found;
        if (resolve("name.test", "80", 0, AF_INET, &found) != 0 || ipv4(found) != 0xc0000207) thread_failures++;
        else freeaddrinfo(found);
        if (resolve("localhost", "80", 0, AF_INET, &found) != 0) thread_failures++;
        else freeaddrinfo(found);
    }
    return NULL;
}

static void threads(void) {
    pthread_t many[8];
    for (int i = 0; i < 8; i++) need(pthread_create(&many[i], NULL, one_thread, NULL) == 0);
    for (int i = 0; i < 8; i++) pthread_join(many[i], NULL);
    check(thread_failures == 0, "eight threads find names at once: %d failures", thread_failures);
}

static void descriptors(void) {
    struct addrinfo *found;
    int before = dup(0), after;
    close(before);
    for (int i = 0; i < 20; i++) {
        need(resolve("name.test", "80", 0, AF_UNSPEC, &found) == 0);
        freeaddrinfo(found);
    }
    after = dup(0);
    close(after);
    check(before == after, "no descriptor stays open");
}

int main(void) {
    start_server();
    use_server();
    from_files();
    from_server();
    hostile();
    descriptors();
    signals();
    threads();
    waiting();
    finished();
}
