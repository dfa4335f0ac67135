/* What is no internet stream is untouched: files, pipes, unix sockets, datagrams. */
#include "check.h"

#include <sys/stat.h>

int main(void) {
    int fds[2];
    char bytes[8] = {0};
    need(pipe(fds) == 0);
    check(write(fds[1], "pipe", 4) == 4 && read(fds[0], bytes, 8) == 4 && memcmp(bytes, "pipe", 4) == 0,
          "pipes pass bytes");
    close(fds[0]), close(fds[1]);
    need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    check(send(fds[1], "unix", 4, 0) == 4 && recv(fds[0], bytes, 8, 0) == 4 && memcmp(bytes, "unix", 4) == 0,
          "unix streams pass bytes");
    close(fds[0]), close(fds[1]);
    need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
    check(write(fds[1], "ab", 2) == 2 && write(fds[1], "c", 1) == 1 && read(fds[0], bytes, 8) == 2,
          "unix packets keep their bounds");
    int type = 0;
    socklen_t length = sizeof type;
    check(getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET, "and their type");
    close(fds[0]), close(fds[1]);
    FILE *file = tmpfile();
    struct iovec parts[2] = {{"fi", 2}, {"le", 2}};
    int fd = fileno(file);
    check(writev(fd, parts, 2) == 4 && lseek(fd, 0, SEEK_SET) == 0 && read(fd, bytes, 8) == 4 &&
              memcmp(bytes, "file", 4) == 0,
          "files keep bytes");
    int copy = dup(fd);
    struct stat status;
    check(fstat(copy, &status) == 0 && S_ISREG(status.st_mode) && close(copy) == 0, "a file's dup is a file");
    fclose(file);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    length = sizeof type;
    check(udp >= 0 && getsockopt(udp, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM,
          "datagram sockets are datagram sockets");
    close(udp);
    check(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) == -1 && errno == EPROTONOSUPPORT, "streams of UDP do not exist");
    errno = 0;
    check(close(12345) == -1 && errno == EBADF && read(-1, bytes, 1) == -1 && errno == EBADF, "closed numbers are closed");
    finished();
}
