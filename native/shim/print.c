/* dprintf() and its kin: libc would write to the descriptor without passing by any interposer. */
#include <stdarg.h>
#include <stdlib.h>

#include "entry.h"
#include "real.h"
#include "table.h"

static int print(int fd, const char *format, va_list arguments) {
    char *text;
    int length = vasprintf(&text, format, arguments);
    if (length < 0) return -1;
    for (int printed = 0; printed < length;) {
        ssize_t n = shim_write(fd, text + printed, (size_t)(length - printed));
        if (n <= 0) {
            length = -1;
            break;
        }
        printed += (int)n;
    }
    free(text);
    return length;
}

int shim_vdprintf(int fd, const char *format, va_list arguments) {
    struct ring_socket s;
    return table_find(fd, &s) ? print(fd, format, arguments) : real.vdprintf(fd, format, arguments);
}

int shim___vdprintf_chk(int fd, int flag, const char *format, va_list arguments) {
    struct ring_socket s;
    return table_find(fd, &s) ? print(fd, format, arguments) : real.__vdprintf_chk(fd, flag, format, arguments);
}

#define EXPORTED __attribute__((visibility("default"), used))
EXPORTED int exported_dprintf(int fd, const char *format, ...) __asm__("dprintf");
EXPORTED int exported___dprintf_chk(int fd, int flag, const char *format, ...) __asm__("__dprintf_chk");

int exported_dprintf(int fd, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int printed = shim_vdprintf(fd, format, arguments);
    va_end(arguments);
    return printed;
}

int exported___dprintf_chk(int fd, int flag, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int printed = shim___vdprintf_chk(fd, flag, format, arguments);
    va_end(arguments);
    return printed;
}
