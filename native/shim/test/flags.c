/* The flags of send and receive on a stream, the calls that are for pipes and files, and all of it by number. */
#include <linux/sockios.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "check.h"

static int ends[2];
static char text[64];

static void sending(void) {
    connection(AF_INET, ends);
    check(send(ends[0], "ab", 2, MSG_DONTROUTE | MSG_EOR | MSG_CONFIRM) == 2 && read_all(ends[1], text, 2), "flags that mean nothing to a stream are accepted");
    check(send(ends[0], "cd", 2, MSG_ZEROCOPY) == 2 && read_all(ends[1], text, 2), "MSG_ZEROCOPY without SO_ZEROCOPY copies");
    check(send(ends[0], "", 0, 0) == 0 && polled(ends[1], POLLIN, 20) == 0, "sending nothing sends nothing");
    check(sendto(ends[0], "x", 1, 0, (void *)&(struct sockaddr_in){.sin_family = AF_INET, .sin_port = 9}, sizeof(struct sockaddr_in)) == 1 &&
              read_all(ends[1], text, 1),
          "a stream that is connected ignores a name");
    close(ends[0]), close(ends[1]);
    int fresh = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGPIPE, SIG_IGN);
    check(send(fresh, "x", 1, 0) == -1 && errno == EPIPE, "a stream without a peer cannot send");
    check(recv(fresh, text, 1, 0) == -1 && errno == ENOTCONN, "nor receive");
    int listening = listener(AF_INET);
    struct endpoint to = local_of(listening);
    check(sendto(fresh, "fast", 4, MSG_FASTOPEN, (void *)&to.address, to.length) == 4, "MSG_FASTOPEN connects and sends");
    int server = accept(listening, NULL, NULL);
    check(server >= 0 && read_all(server, text, 4) && memcmp(text, "fast", 4) == 0, "its bytes arrive");
    close(fresh), close(server), close(listening);
}

static void receiving(void) {
    connection(AF_INET6, ends);
    need(write(ends[0], "abcdef", 6) == 6);
    await_readable(ends[1]);
    check(recv(ends[1], text, 3, MSG_PEEK | MSG_TRUNC) == 3 && recv(ends[1], text, 3, MSG_PEEK) == 3 && memcmp(text, "abc", 3) == 0,
          "MSG_PEEK with MSG_TRUNC leaves the bytes");
    check(recv(ends[1], NULL, 2, MSG_TRUNC) == 2 && recv(ends[1], text, 1, 0) == 1 && text[0] == 'c', "MSG_TRUNC needs no room");
    check(recv(ends[1], text, 8, MSG_WAITALL | MSG_DONTWAIT) == 3, "MSG_WAITALL with MSG_DONTWAIT takes what is there");
    check(recv(ends[1], text, 8, MSG_ERRQUEUE) == -1 && errno == EAGAIN, "the queue of errors is empty");
    check(recv(ends[1], text, 8, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == -1 && errno == EAGAIN, "MSG_CMSG_CLOEXEC is accepted");
    set_nonblocking(ends[1]);
    need(write(ends[0], "gh", 2) == 2);
    await_readable(ends[1]);
    check(recv(ends[1], text, 8, MSG_WAITALL) == 2, "MSG_WAITALL does not wait on a non-blocking socket");
    need(write(ends[0], "i", 1) == 1 && shutdown(ends[0], SHUT_WR) == 0);
    check(comes_to(ends[1], POLLIN | POLLRDHUP, POLLIN | POLLRDHUP) && recv(ends[1], text, 8, MSG_WAITALL) == 1 && recv(ends[1], text, 8, MSG_WAITALL) == 0,
          "MSG_WAITALL ends with the stream");
    check(recv(ends[1], text, 8, MSG_PEEK) == 0, "and so does MSG_PEEK");
    close(ends[0]), close(ends[1]);
}

static void for_pipes_and_files(void) {
    int ordinary[2], file = open("/proc/self/exe", O_RDONLY);
    off_t place = 0;
    struct iovec out = {"abc", 3};
    struct stat status;
    connection(AF_INET, ends);
    need(pipe(ordinary) == 0 && file >= 0);
    check(tee(ends[0], ordinary[1], 4, 0) == -1 && errno == EINVAL, "tee is for pipes");
    check(vmsplice(ends[0], &out, 1, 0) == -1 && errno == EBADF, "so is vmsplice");
    check(copy_file_range(file, &place, ends[0], NULL, 4, 0) == -1 && errno == EINVAL, "copy_file_range is for files");
    check(lseek(ends[0], 0, SEEK_CUR) == -1 && errno == ESPIPE, "there is no place in a socket");
    check(ftruncate(ends[0], 0) == -1 && errno == EINVAL && fsync(ends[0]) == -1 && errno == EINVAL, "it has no length, and nothing to write to a disk");
    check(fstat(ends[0], &status) == 0 && S_ISSOCK(status.st_mode) && !isatty(ends[0]), "it is a socket and no terminal");
    check(sendfile(ends[0], ordinary[0], NULL, 4) == -1 && errno == EINVAL, "sendfile is not from a pipe");
    check(sendfile(ends[0], ends[1], NULL, 4) == -1, "nor from a socket");
    need(write(ordinary[1], "piped", 5) == 5);
    check(splice(ordinary[0], NULL, ends[0], NULL, 5, 0) == 5 && read_all(ends[1], text, 5) && memcmp(text, "piped", 5) == 0, "splice is from a pipe to a socket");
    need(write(ends[1], "answer", 6) == 6);
    await_readable(ends[0]);
    check(splice(ends[0], NULL, ordinary[1], NULL, 100, 0) == 6 && read_all(ordinary[0], text, 6) && memcmp(text, "answer", 6) == 0, "and from a socket to a pipe");
    close(file), close(ordinary[0]), close(ordinary[1]), close(ends[0]), close(ends[1]);
}

static void by_number(void) {
    struct iovec out = {"vector", 6}, in = {text, sizeof text};
    int epoll = epoll_create1(0), copy, count;
    struct epoll_event event = {.events = EPOLLIN};
    fd_set set;
    struct timespec wait = {.tv_sec = 5};
    connection(AF_INET, ends);
    check(syscall(SYS_writev, ends[0], &out, 1) == 6 && syscall(SYS_readv, ends[1], &in, 1) == 6 && memcmp(text, "vector", 6) == 0,
          "writev and readv by number");
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event) == 0 && write(ends[0], "r", 1) == 1);
    FD_ZERO(&set);
    FD_SET(ends[1], &set);
    check(syscall(SYS_pselect6, ends[1] + 1, &set, NULL, NULL, &wait, NULL) == 1 && FD_ISSET(ends[1], &set), "pselect6 by number");
    check(syscall(SYS_epoll_pwait, epoll, &event, 1, 5000, NULL, 8) == 1 && event.events == EPOLLIN, "epoll_pwait by number");
    check(syscall(SYS_ioctl, ends[1], FIONREAD, &count) == 0 && count == 1, "ioctl by number");
    check(syscall(SYS_dup3, ends[1], 77, O_CLOEXEC) == 77 && syscall(SYS_read, 77, text, 4) == 1 && syscall(SYS_close, 77) == 0, "dup3, read and close by number");
    copy = (int)syscall(SYS_dup, ends[0]);
    check(copy >= 0 && syscall(SYS_write, copy, "w", 1) == 1 && read_all(ends[1], text, 1), "dup and write by number");
    check(syscall(SYS_setsockopt, copy, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0, "setsockopt by number");
    struct endpoint peer = {.length = sizeof peer.address};
    check(syscall(SYS_getpeername, copy, &peer.address, &peer.length) == 0 && peer.length == sizeof(struct sockaddr_in), "getpeername by number");
    check(syscall(SYS_close_range, copy, copy, 0) == 0 && fcntl(copy, F_GETFD) == -1, "close_range by number");
    close(epoll), close(ends[0]), close(ends[1]);
}

int main(void) {
    sending();
    receiving();
    for_pipes_and_files();
    by_number();
    finished();
}
