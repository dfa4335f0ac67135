/* Programs that take something away from themselves: descriptors, the file system, the user. */
#include <sys/resource.h>

#include "check.h"

static bool works(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    bool well = write(ends[0], "w", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'w';
    close(ends[0]), close(ends[1]);
    return well;
}

static void sentence(const char *text, void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(check_failures);
    }
    check(exited_well(child), "%s", text);
}

static int count_open(int below) {
    int count = 0;
    for (int fd = 0; fd < below; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Before the first socket of all. */
static void few_descriptors(void) {
    enum { LIMIT = 24 };
    struct rlimit limit = {LIMIT, LIMIT};
    need(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int held = count_open(LIMIT), opened = 0, fds[LIMIT];
    while ((fds[opened] = socket(AF_INET, SOCK_STREAM, 0)) >= 0) opened++;
    check(errno == EMFILE, "the limit is EMFILE");
    check(opened == LIMIT - held, "all descriptors below the limit are the program's: %d of %d", opened, LIMIT - held);
    while (opened > 0) close(fds[--opened]);
    check(works(), "when they are closed, others can be opened");
}

static void few_descriptors_then(void) {
    struct rlimit limit = {12, 12};
    need(works() && prlimit(0, RLIMIT_NOFILE, &limit, NULL) == 0);
    check(works(), "sockets can be opened as before");
}

/* A listener's queue is kept while the program has no number for what is in it. */
static void accept_without_numbers(void) {
    int listening = listener(AF_INET), client = connected_to(listening), held[1024], count = 0;
    struct rlimit limit, low;
    need(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    low = (struct rlimit){64, limit.rlim_max};
    await_readable(listening);
    need(setrlimit(RLIMIT_NOFILE, &low) == 0);
    while (count < 1024 && (held[count] = dup(client)) >= 0) count++;
    check(accept(listening, NULL, NULL) == -1 && errno == EMFILE, "accept without a free number is EMFILE");
    while (count > 0) close(held[--count]);
    char byte = 0;
    int server = accept(listening, NULL, NULL);
    check(server >= 0 && write(server, "s", 1) == 1 && read(client, &byte, 1) == 1 && byte == 's', "and gives the connection when there is one");
    close(server), close(client), close(listening);
}

static char path[] = "/tmp/shim-limits.XXXXXX";

static void empty_root(void) {
    need(chroot(path) == 0 && chdir("/") == 0);
    need(setgid(65534) == 0 && setuid(65534) == 0);
    check(works(), "a program in an empty root, as nobody, opens its first sockets");
}

static void other_effective_user(void) {
    need(seteuid(65534) == 0);
    check(works(), "so does one with another effective user");
    need(seteuid(0) == 0);
    check(works(), "and when it is root again");
}

int main(void) {
    sentence("a program may limit its descriptors before it opens sockets", few_descriptors);
    sentence("or between", few_descriptors_then);
    sentence("and run out of them", accept_without_numbers);
    if (geteuid() == 0) {
        need(mkdtemp(path) != NULL);
        sentence("a program may change its root and its user", empty_root);
        rmdir(path);
        sentence("or its effective user", other_effective_user);
    } else {
        printf("skip - a program may change its root and its user: only root can\n");
    }
    finished();
}
