/* Deadlines, and naps that end as waits do. */
#include "turns.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "addressable.h"
#include "sandbox.h"

#define SECOND INT64_C(1000000000)
#define NAP INT64_C(1000000)
/* More than a program lives, and less than nanoseconds can count. */
#define LONG_TIME (INT64_MAX / SECOND / 4)

static int64_t now(void) {
    struct timespec is;
    clock_gettime(CLOCK_MONOTONIC, &is);
    return is.tv_sec * SECOND + is.tv_nsec;
}

bool turns_fit(const struct timespec *limit) {
    if (limit == NULL) return true;
    return readable(limit, sizeof *limit) && limit->tv_sec >= 0 && limit->tv_nsec >= 0 && limit->tv_nsec < SECOND;
}

int64_t turns_end(const struct timespec *limit) {
    if (limit == NULL || limit->tv_sec > LONG_TIME) return TURNS_FOREVER;
    return now() + limit->tv_sec * SECOND + limit->tv_nsec;
}

int64_t turns_end_after(int milliseconds) {
    return milliseconds < 0 ? TURNS_FOREVER : now() + milliseconds * (SECOND / 1000);
}

bool turns_left(int64_t end, struct timespec *left) {
    if (end == TURNS_FOREVER) return false;
    int64_t is = end - now();
    *left = is > 0 ? (struct timespec){is / SECOND, is % SECOND} : (struct timespec){0};
    return true;
}

struct turns turns_begin(int64_t end, const sigset_t *mask) {
    struct turns turns = {.end = end, .mask = mask, .blocks = !sandbox_confined};
    if (turns.blocks) turns.section = critical_enter_always();
    return turns;
}

int turns_next(const struct turns *t) {
    struct timespec left = {.tv_nsec = NAP};
    if (turns_left(t->end, &left) && left.tv_sec == 0 && left.tv_nsec == 0) return 0;
    if (left.tv_sec > 0 || left.tv_nsec > NAP) left = (struct timespec){.tv_nsec = NAP};
    const void *mask = t->mask != NULL ? (const void *)t->mask : t->blocks ? &t->section.mask : NULL;
    long result = mask != NULL ? syscall(SYS_ppoll, NULL, 0, &left, mask, sizeof t->section.mask) : syscall(SYS_nanosleep, &left, NULL);
    return result == 0 ? 1 : -1;
}

void turns_over(const struct turns *t) {
    if (t->blocks) critical_leave(t->section);
}
