/* The exported interposers. Their C names differ from the names of their symbols, so that they do
 * not meet libc's declarations, inline fortified forms and transparent unions. */
#include "entry.h"

#include <stdarg.h>

#include "within.h"

#define EXPORTED __attribute__((visibility("default"), used))

#define RF_CALL(type, name, parameters, arguments)                 \
    EXPORTED type exported_##name parameters __asm__(#name);       \
    type exported_##name parameters {                              \
        WITHIN_PAUSED;                                             \
        return shim_##name arguments;                              \
    }

#define RF_CALL_WITHIN(type, name, parameters, arguments)          \
    EXPORTED type exported_##name parameters __asm__(#name);       \
    type exported_##name parameters { return shim_##name arguments; }

#define RF_CALL_WORD(type, name, second)                                      \
    EXPORTED type exported_##name(int fd, second request, ...) __asm__(#name); \
    type exported_##name(int fd, second request, ...) {                       \
        va_list rest;                                                         \
        va_start(rest, request);                                              \
        long word = va_arg(rest, long);                                       \
        va_end(rest);                                                         \
        WITHIN_PAUSED;                                                        \
        return shim_##name(fd, request, word);                                \
    }

#define RF_CALL_APART(name)

#include "calls.def"
