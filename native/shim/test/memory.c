/* Programs that limit or lock all of their memory, or leave it in a core: only their own is meant. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "check.h"

#define MIB ((size_t)1 << 20)

static bool talks(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    bool well = write(ends[0], "m", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'm';
    close(ends[0]), close(ends[1]);
    return well;
}

static bool has_room(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    munmap(memory, bytes);
    return true;
}

/* The sum over the mappings of /proc/self/smaps of a field, in KiB; `flag`, unless NULL, leaves out those that have it. */
static size_t mapped(const char *field, const char *flag) {
    char line[512];
    size_t sum = 0, one = 0, value;
    FILE *file = fopen("/proc/self/smaps", "re");
    need(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0 && sscanf(line + strlen(field), ": %zu", &value) == 1) one = value;
        if (strncmp(line, "VmFlags:", 8) == 0) sum += flag != NULL && strstr(line, flag) != NULL ? 0 : one;
    }
    fclose(file);
    return sum;
}

static bool is_limited(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur == 100 * MIB && limit.rlim_max == 200 * MIB &&
           has_room(32 * MIB) && !has_room(150 * MIB) && talks();
}

static void limit_space(void) {
    need(setrlimit(RLIMIT_AS, &(struct rlimit){100 * MIB, 200 * MIB}) == 0);
}

static void space_from_the_start(void) {
    limit_space();
    check(is_limited(), "a limit of the address space from before the first socket is the program's alone");
}

static void space_later(void) {
    need(talks());
    limit_space();
    check(is_limited(), "so is one from after it");
    struct rlimit old, more = {150 * MIB, 200 * MIB};
    check(prlimit(0, RLIMIT_AS, &more, &old) == 0 && old.rlim_cur == 100 * MIB, "which is what it was");
    check(getrlimit(RLIMIT_AS, &old) == 0 && old.rlim_cur == 150 * MIB, "and can be changed within the hard one");
}

static void space_across_exec(void) {
    limit_space();
    need(talks());
    execl("/proc/self/exe", "memory", "limited", NULL);
    _exit(127);
}

static void space_unprivileged(void) {
    struct rlimit old;
    limit_space();
    if (geteuid() == 0) need(setresuid(65534, 65534, 65534) == 0);
    check(setrlimit(RLIMIT_AS, &(struct rlimit){100 * MIB, 300 * MIB}) == -1 && errno == EPERM, "no limit beyond the hard one");
    check(getrlimit(RLIMIT_AS, &old) == 0 && setrlimit(RLIMIT_AS, &old) == 0 && is_limited(), "and the same one again");
}

static void locks(void) {
    need(talks());
    unsigned char resident = 0;
    char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(own != MAP_FAILED);
    check(mlockall(MCL_CURRENT | MCL_FUTURE) == 0, "mlockall: %s", strerror(errno));
    check(mapped("Rss", NULL) < 64 * 1024, "what is locked is the program's own: %zu KiB", mapped("Rss", NULL));
    check(mincore(own, 4096, &resident) == 0 && (resident & 1) != 0, "all of which is there");
    char *later = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(later != MAP_FAILED);
    check(mincore(later, 4096, &resident) == 0 && (resident & 1) != 0, "and what comes later");
    check(talks(), "with all of it locked, sockets can be used");
}

static void core(void) {
    need(talks());
    check(mapped("Size", " dd") < 64 * 1024, "a core has the program's own memory: %zu KiB", mapped("Size", " dd"));
}

static void alone(const char *sentence, void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(BOUND_SECONDS);
        body();
        fflush(stdout);
        _exit(check_failures);
    }
    check(exited_well(child), "%s", sentence);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "limited") == 0) return is_limited() ? 0 : 1;
    alone("the address space is limited first", space_from_the_start);
    alone("the address space is limited later", space_later);
    alone("a limit goes on to the next program", space_across_exec);
    alone("a program without privileges keeps to its limit", space_unprivileged);
    if (geteuid() == 0) alone("all memory is locked", locks);
    else printf("skip - all memory is locked: only root may for sure\n");
    alone("a core is small", core);
    finished();
}
