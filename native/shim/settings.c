/* The environment, and /etc/ld.so.preload: a comment with names and values behind tabs. It is the only one and comes first,
 * since glibc's loader skips the first comment for certain, but not always the others (elf/rtld.c, up to 2.36 at least). */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST "/etc/ld.so.preload"
#define LIST_BYTES 4096

static char list[LIST_BYTES + 1];

static void read_list(void) {
    int kept = errno;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, LIST, O_RDONLY | O_CLOEXEC);
    long got = fd < 0 ? 0 : syscall(SYS_read, fd, list, LIST_BYTES);
    if (fd >= 0) syscall(SYS_close, fd);
    list[got > 0 ? got : 0] = '\0';
    errno = kept;
}

/* The value behind a tab and the name, up to the next tab or the end of the line; it is made a string. */
static const char *listed(const char *prefix) {
    char *at = strstr(list, prefix);
    if (at == NULL) return NULL;
    at += strlen(prefix);
    at[strcspn(at, "\t\n")] = '\0';
    return at;
}

struct settings settings_read(void) {
    struct settings found = {getenv("RINGFENCE_ATTACH"), getenv("RINGFENCE_LAUNCH"), getenv("RINGFENCE_NAME")};
    if (found.attach != NULL && getauxval(AT_SECURE) == 0) return found;
    read_list();
    /* From the end to the beginning: what is behind a value that has been made a string is not found any more. */
    found.name = listed("\tRINGFENCE_NAME=");
    found.launch = listed("\tRINGFENCE_LAUNCH=");
    found.attach = listed("#\tRINGFENCE_ATTACH=");
    return found;
}
