/* Looks libc's own functions up: each at its first call, so that the constructors of other libraries
 * may call before ours has run, and all of them in our constructor. */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>

#define FIND(name)                                                                         \
    static int find_##name(void) {                                                         \
        void *found = dlsym(RTLD_NEXT, #name);                                             \
        if (found != NULL) __atomic_store_n((void **)&real.name, found, __ATOMIC_RELAXED); \
        return found != NULL ? 0 : -1;                                                     \
    }

/* A pointer of `real` first leads to a function that looks libc's function up and takes its own place. */
#define RF_CALL(type, name, parameters, arguments)                                  \
    FIND(name)                                                                      \
    static type first_##name parameters {                                           \
        int kept = errno;                                                           \
        if (find_##name() == 0) {                                                   \
            errno = kept;                                                           \
            return real.name arguments;                                             \
        }                                                                           \
        errno = ENOSYS;                                                             \
        return (type)-1;                                                            \
    }
/* The variable part is one word, which libc takes from the same register either way. */
#define RF_CALL_WORD(type, name, second)                                            \
    FIND(name)                                                                      \
    static type first_##name(int fd, second request, ...) {                         \
        __builtin_va_list rest;                                                     \
        __builtin_va_start(rest, request);                                          \
        long word = __builtin_va_arg(rest, long);                                   \
        __builtin_va_end(rest);                                                     \
        int kept = errno;                                                           \
        if (find_##name() == 0) {                                                   \
            errno = kept;                                                           \
            return real.name(fd, request, word);                                    \
        }                                                                           \
        errno = ENOSYS;                                                             \
        return (type)-1;                                                            \
    }
#define RF_CALL_APART(name)
#include "calls.def"
#undef RF_CALL
#undef RF_CALL_WORD
#undef RF_CALL_APART

struct real real = {
#define RF_CALL(type, name, parameters, arguments) .name = first_##name,
#define RF_CALL_WORD(type, name, second) .name = first_##name,
#define RF_CALL_APART(name)
#include "calls.def"
#undef RF_CALL
#undef RF_CALL_WORD
#undef RF_CALL_APART
};

void *real_find(const char *name) {
    int kept = errno;
    void *found = dlsym(RTLD_NEXT, name);
    errno = kept;
    return found;
}

void real_resolve(void) {
    int kept = errno;
#define RF_CALL(type, name, parameters, arguments) find_##name();
#define RF_CALL_WORD(type, name, second) find_##name();
#define RF_CALL_APART(name)
#include "calls.def"
#undef RF_CALL
#undef RF_CALL_WORD
#undef RF_CALL_APART
    errno = kept;
}
