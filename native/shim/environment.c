/* The environment of the programs that this one starts. Programs build fresh ones (env -i, sudo, sshd), set
 * LD_PRELOAD to a library of their own, or forget variables: what is missing is put back at exec. */
#include "environment.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../region/layout.h"
#include "attach.h"
#include "namespace.h"

extern char **environ;

enum variable { PRELOAD, ATTACH, LAUNCH, NAME, INHERIT, NETWORK, VARIABLES };
static const char *const prefixes[VARIABLES] = {"LD_PRELOAD=", "RINGFENCE_ATTACH=", "RINGFENCE_LAUNCH=",
                                                "RINGFENCE_NAME=", "RINGFENCE_INHERIT=", "RINGFENCE_NETWORK="};
#define FOR_EACH(v) for (enum variable v = 0; v < VARIABLES; v++)

/* The variables as they should be, with their names. The last one stands in `environ` itself and is rewritten in
 * place, so that also what libc starts without passing the shim (system, popen) gets it as it is. */
static char wanted[VARIABLES][PATH_MAX + 32];
static char inherited[256]; /* RINGFENCE_INHERIT as this program found it */

static const char *shim_path(void) { return wanted[PRELOAD] + strlen("LD_PRELOAD="); }

static bool is(const char *entry, enum variable v) { return strncmp(entry, prefixes[v], strlen(prefixes[v])) == 0; }

static const char *value_in(char *const environment[], enum variable v) {
    for (; environment != NULL && *environment != NULL; environment++)
        if (is(*environment, v)) return *environment + strlen(prefixes[v]);
    return NULL;
}

void environment_record(const char *path, const char *launch, const char *name) {
    Dl_info own;
    char shim[PATH_MAX];
    int kept = errno;
    /* realpath: a relative path is one from the directory of now. */
    if (dladdr(&prefixes, &own) == 0 || realpath(own.dli_fname, shim) == NULL) shim[0] = '\0';
    const char *values[INHERIT] = {shim, path, launch, name};
    for (enum variable v = 0; v < INHERIT; v++) snprintf(wanted[v], sizeof wanted[v], "%s%s", prefixes[v], values[v]);
    const char *found = value_in(environ, INHERIT);
    snprintf(inherited, sizeof inherited, "%s", found != NULL ? found : "");
    strcpy(wanted[INHERIT], prefixes[INHERIT]);
    putenv(wanted[INHERIT]);
    namespace_inherit(getauxval(AT_SECURE) == 0 ? value_in(environ, NETWORK) : NULL);
    errno = kept;
}

/* ---- the inheritance ---- */

static bool has_inode(int fd, uint64_t inode) {
    struct stat status;
    return fd > STDERR_FILENO && syscall(SYS_fstat, fd, &status) == 0 && status.st_ino == inode;
}

bool environment_inherited(int fds[OWN_DESCRIPTORS], uint64_t *region_bytes) {
    uint64_t inodes[OWN_DESCRIPTORS];
    int count = sscanf(inherited, "%d:%" SCNu64 ",%d:%" SCNu64 ",%d:%" SCNu64 ",%d:%" SCNu64 ",%" SCNu64, &fds[0],
                       &inodes[0], &fds[1], &inodes[1], &fds[2], &inodes[2], &fds[3], &inodes[3], region_bytes);
    if (count != 2 * OWN_DESCRIPTORS + 1) return false;
    /* A set-user-ID program goes on with nothing of whoever has started it, and neither does what it starts as another user. */
    bool whole = getauxval(AT_SECURE) == 0;
    for (int i = 0; i < OWN_DESCRIPTORS; i++) {
        if (has_inode(fds[i], inodes[i])) continue;
        fds[i] = -1;
        whole = false;
    }
    for (int i = 0; i < OWN_DESCRIPTORS && !whole; i++)
        /* All eventfds have the same inode: it may be the program's. */
        if (fds[i] >= 0 && i != OWN_DOORBELL) syscall(SYS_close, fds[i]);
    return whole;
}

void environment_bequeath(const int fds[OWN_DESCRIPTORS], uint64_t region_bytes) {
    char text[256] = "";
    struct stat status;
    int length = snprintf(text, sizeof text, "%s", prefixes[INHERIT]);
    for (int i = 0; i < OWN_DESCRIPTORS; i++) {
        if (syscall(SYS_fstat, fds[i], &status) != 0) return;
        length += snprintf(text + length, sizeof text - (size_t)length, "%d:%" PRIu64 ",", fds[i], (uint64_t)status.st_ino);
    }
    snprintf(text + length, sizeof text - (size_t)length, "%" PRIu64, region_bytes);
    memcpy(wanted[INHERIT], text, sizeof text);
}

void environment_leaving(uint64_t home) {
    snprintf(wanted[NETWORK], sizeof wanted[NETWORK], "%s%" PRIu64, prefixes[NETWORK], home);
}

/* ---- the next program's environment ---- */

static bool lists_shim(const char *libraries) {
    size_t length = strlen(shim_path());
    for (const char *at = libraries; (at = strstr(at, shim_path())) != NULL; at++) {
        bool begins = at == libraries || strchr(": ", at[-1]) != NULL;
        if (begins && strchr(": ", at[length]) != NULL) return true; /* strchr finds the end, too */
    }
    return false;
}

/* What environment_complete does to a variable. */
enum change { LEAVE, ADD, REPLACE, APPEND, REMOVE };

static enum change change_of(char *const environment[], enum variable v) {
    const char *value = value_in(environment, v), *launch = value_in(environment, LAUNCH);
    /* Another launch: its own gateway, perhaps, and in any case its own region. */
    bool other = launch != NULL && strcmp(launch, wanted[LAUNCH] + strlen(prefixes[LAUNCH])) != 0;
    /* An empty RINGFENCE_ATTACH says that the next program is to be without a gateway. */
    const char *path = value_in(environment, ATTACH);
    bool without = path != NULL && *path == '\0';
    if (without) other = true;
    switch (v) {
    case PRELOAD:
        if (without || shim_path()[0] == '\0') return LEAVE;
        return value == NULL || *value == '\0' ? REPLACE : lists_shim(value) ? LEAVE : APPEND;
    case INHERIT:
        if (other) return value != NULL ? REMOVE : LEAVE;
        if (value == NULL) return wanted[INHERIT][strlen(prefixes[INHERIT])] != '\0' ? ADD : LEAVE;
        return strcmp(value, wanted[INHERIT] + strlen(prefixes[INHERIT])) != 0 ? REPLACE : LEAVE;
    case NETWORK:
        return value == NULL && wanted[NETWORK][0] != '\0' && !other ? ADD : LEAVE;
    default:
        return value == NULL && !other ? ADD : LEAVE;
    }
}

size_t environment_needs(char *const environment[]) {
    size_t count = 0, text = 0;
    bool changes = false;
    if (!attachment_configured()) return 0;
    FOR_EACH(v) {
        enum change change = change_of(environment, v);
        if (change != LEAVE) changes = true;
        if (change == APPEND) text = strlen(value_in(environment, v)) + strlen(wanted[v]) + 2;
    }
    if (!changes) return 0;
    while (environment != NULL && environment[count] != NULL) count++;
    return (count + VARIABLES + 1) * sizeof(char *) + text;
}

char *const *environment_complete(char *const environment[], void *memory) {
    char **to = memory;
    enum change changes[VARIABLES];
    FOR_EACH(v) changes[v] = change_of(environment, v);
    char *appended = NULL;
    for (char *const *from = environment; from != NULL && *from != NULL; from++) {
        bool keep = true;
        FOR_EACH(v) {
            if (changes[v] == LEAVE || changes[v] == ADD || !is(*from, v)) continue;
            keep = false;
            /* Only the first of a name counts. */
            if (changes[v] == APPEND && appended == NULL) appended = *from;
        }
        if (keep) *to++ = *from;
    }
    FOR_EACH(v) if (changes[v] == ADD || changes[v] == REPLACE) *to++ = wanted[v];
    char *text = (char *)(to + 2);
    if (appended != NULL) *to++ = text;
    *to = NULL;
    if (appended != NULL) {
        size_t length = strlen(appended);
        memcpy(text, appended, length);
        text[length] = ':';
        strcpy(text + length + 1, shim_path());
    }
    return memory;
}

void environment_restore(void) {
    if (!attachment_configured()) return;
    FOR_EACH(v) {
        enum change change = change_of(environ, v);
        const char *old = value_in(environ, v);
        char *text;
        if (change == ADD || change == REPLACE) putenv(wanted[v]);
        else if (change == APPEND && asprintf(&text, "LD_PRELOAD=%s:%s", old, shim_path()) > 0) putenv(text);
    }
}
