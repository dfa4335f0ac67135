/* Duplicated descriptors are one socket; closing ranges of them closes what it should. */
#include "check.h"

#include <linux/close_range.h>

static bool works(int from, int to) {
    char byte = 0;
    return write(from, "d", 1) == 1 && read(to, &byte, 1) == 1 && byte == 'd';
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static void duplicates(void) {
    int ends[2];
    char byte;
    connection(AF_INET, ends);
    int copy = dup(ends[0]);
    close(ends[0]);
    check(works(copy, ends[1]) && works(ends[1], copy), "a dup goes on when the original is closed");
    int high = fcntl(copy, F_DUPFD_CLOEXEC, 200);
    check(high >= 200 && (fcntl(high, F_GETFD) & FD_CLOEXEC) != 0 && works(high, ends[1]), "F_DUPFD_CLOEXEC duplicates");
    int file = open("/dev/null", O_RDWR);
    check(dup2(copy, file) == file && works(file, ends[1]), "dup2 over a file makes it the socket");
    check(dup3(copy, file, O_CLOEXEC) == file && works(ends[1], file), "dup3 does too");
    check(dup3(copy, copy, 0) == -1 && errno == EINVAL, "dup3 onto itself is invalid");
    check(dup2(copy, copy) == copy && works(copy, ends[1]), "dup2 onto itself changes nothing");
    int null = open("/dev/null", O_RDWR);
    check(dup2(null, file) == file && write(file, "x", 1) == 1 && polled(ends[1], POLLIN, 50) == 0,
          "dup2 of a file over the socket makes it the file");
    close(copy);
    check(polled(ends[1], POLLIN, 50) == 0 && works(high, ends[1]), "the last duplicate keeps the connection");
    close(high);
    check(read(ends[1], &byte, 1) == 0, "and its closing ends it");
    close(ends[1]), close(file), close(null);
}

static void other_users_of_a_number(void) {
    int ends[2];
    char byte = 0;
    connection(AF_INET, ends);
    int number = ends[0];
    close(number);
    need(read(ends[1], &byte, 1) == 0);
    int pair[2];
    need(pipe(pair) == 0);
    check((pair[0] == number || pair[1] == number) && write(pair[1], "p", 1) == 1 && read(pair[0], &byte, 1) == 1 &&
              byte == 'p',
          "a number that was a socket can be a pipe");
    close(pair[0]), close(pair[1]), close(ends[1]);
    connection(AF_INET, ends);
    FILE *stream = fdopen(dup(ends[0]), "r+");
    number = fileno(stream);
    fclose(stream);
    int file = open("/proc/self/stat", O_RDONLY);
    check(file == number && read(file, &byte, 1) == 1, "and one that fclose closed can be a file");
    close(file), close(ends[0]), close(ends[1]);
}

static void ranges(void) {
    int ends[2], low[2];
    char byte;
    connection(AF_INET, ends);
    low[0] = fcntl(ends[0], F_DUPFD, 50), low[1] = fcntl(ends[1], F_DUPFD, 60);
    close(ends[0]), close(ends[1]);
    check(close_range(50, 55, 0) == 0 && !is_open(low[0]) && is_open(low[1]), "close_range closes its range");
    check(read(low[1], &byte, 1) == 0, "and with it the connection");
    closefrom(10);
    check(!is_open(low[1]), "closefrom closes the rest");
    check(close(low[1]) == -1 && errno == EBADF, "what is closed cannot be closed again");
    for (int fd = 3; fd < 4096; fd++) close(fd);
    connection(AF_INET, ends);
    check(works(ends[0], ends[1]), "a program that has closed all descriptors opens new sockets");
    closefrom(3);
    connection(AF_INET, ends);
    check(works(ends[0], ends[1]), "also after closefrom");
    close_range(3, ~0u, CLOSE_RANGE_UNSHARE);
    connection(AF_INET, ends);
    check(works(ends[0], ends[1]), "and after close_range of everything");
    close(ends[0]), close(ends[1]);
}

static int count_open(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += is_open(fd);
    return count;
}

static void numbers(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), before = count_open(), ends[2];
    connection(AF_INET, ends);
    check(count_open() == before + 2, "a connection takes two numbers: one by socket(), and one by accept()");
    close(ends[0]), close(ends[1]), close(fd);
}

int main(void) {
    numbers();
    duplicates();
    other_users_of_a_number();
    ranges();
    finished();
}
