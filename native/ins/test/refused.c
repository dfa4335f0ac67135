/* What the Linux stack makes of accept4() that fails for ever, here by a filter of system calls: the INS serves others meanwhile. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../region/test/check.h"
#include "../ins.h"
#include "../stack.h"

extern const struct rf_stack rf_stack_linux;

static int lines; /* on standard error */

void ins_say(const char *format, ...) {
    (void)format;
    lines++;
}

static int listener;

static void fail_accept4(int error) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_accept4, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
    check_need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "a filter");
}

/* 10 and how many lines were said, or what else went wrong. */
static int accept_failing(void *error) {
    struct rf_name peer = {0};
    fail_accept4((int)(intptr_t)error);
    for (int i = 0; i < 3; i++)
        if (rf_stack_linux.accept(listener, &peer) != RF_STACK_STARVED) return 1;
    return 10 + lines;
}

static void fails(const char *sentence, int error, int said) {
    int status = check_wait(check_spawn(accept_failing, (void *)(intptr_t)error), 5000);
    check(status == 10 + said, sentence, status == -1 ? "it never came back" : "%d", status);
}

int main(int argc, char **argv) {
    check_start(argc, argv, 30);
    struct rf_name peer = {0};
    listener = rf_stack_linux.socket(AF_INET, SOCK_STREAM, 0);
    check_need(listener >= 0 && rf_stack_linux.listen(listener, 5) == 0, "a listener");
    check(rf_stack_linux.accept(listener, &peer) == RF_STACK_AGAIN, "without a connection there is nothing to do", "there is");
    fails("where connections may not be accepted the listener tries again later, and it is said once", EPERM, 1);
    fails("so by a security module", EACCES, 1);
    fails("where each connection fails the others have their turn", ECONNABORTED, 0);
    fails("where there is no memory for one it is as before", ENOMEM, 0);
    return check_end();
}
