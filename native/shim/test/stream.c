/* The streams of stdio on sockets: what the program opens itself. */
#include <stdio_ext.h>

#include "check.h"

static int ends[2];
static FILE *in, *out;

/* A connection with a stream that reads one end and one that writes the other. */
static void open_streams(int family) {
    connection(family, ends);
    out = fdopen(ends[0], "w"), in = fdopen(ends[1], "r");
    need(in != NULL && out != NULL);
}

static void close_streams(void) { fclose(in), fclose(out); }

static void lines(void) {
    char line[100], *grown = NULL;
    size_t size = 0;
    int number = 0;
    open_streams(AF_INET);
    check(fileno(out) == ends[0] && fileno(in) == ends[1], "fileno answers the descriptor");
    check(fprintf(out, "number %d\n", 42) == 10 && fputs("second\n", out) >= 0 && fputc('3', out) == '3' &&
              putc_unlocked('\n', out) == '\n' && fwrite("7 8\nlast", 1, 8, out) == 8 && fflush(out) == 0,
          "text is written to a stream");
    check(fgets(line, sizeof line, in) == line && strcmp(line, "number 42\n") == 0, "fgets reads a line");
    check(getline(&grown, &size, in) == 7 && strcmp(grown, "second\n") == 0, "getline the next");
    check(fgetc(in) == '3' && ungetc('4', in) == '4' && getc_unlocked(in) == '4' && getc(in) == '\n', "characters come, and go back");
    check(fscanf(in, "%d", &number) == 1 && number == 7 && fscanf(in, "%d\n", &number) == 1 && number == 8, "fscanf reads numbers");
    need(fclose(out) == 0);
    check(fread(line, 1, sizeof line, in) == 4 && memcmp(line, "last", 4) == 0 && feof(in) && !ferror(in), "fread reads to the end");
    check(fgetc(in) == EOF, "and the end stays");
    fclose(in), free(grown);
}

static size_t arrived(int fd) {
    int count;
    need(ioctl(fd, FIONREAD, &count) == 0);
    return (size_t)count;
}

static void buffering(void) {
    char text[64];
    open_streams(AF_INET6);
    need(fputs("held back\n", out) >= 0);
    check(polled(ends[1], POLLIN, 20) == 0 && arrived(ends[1]) == 0 && __fpending(out) == 10, "a stream is fully buffered");
    check(fflush(out) == 0 && read_all(ends[1], text, 10), "fflush sends");
    need(setvbuf(out, NULL, _IOLBF, 512) == 0 && fputs("line", out) >= 0);
    check(polled(ends[1], POLLIN, 20) == 0, "a line-buffered one sends no part of a line");
    need(fputs("\n", out) >= 0);
    check(read_all(ends[1], text, 5) && memcmp(text, "line\n", 5) == 0, "but a line");
    need(setvbuf(out, NULL, _IONBF, 0) == 0);
    check(fputc('x', out) == 'x' && read_all(ends[1], text, 1), "an unbuffered one each character");
    check(ftell(out) == -1 && errno == ESPIPE && fseek(in, 0, SEEK_SET) == -1 && errno == ESPIPE, "there is no place in a stream");
    close_streams();
}

static void closing(void) {
    char text[16];
    open_streams(AF_INET);
    int number = ends[0];
    need(fputs("rest", out) >= 0);
    check(fclose(out) == 0 && read_all(ends[1], text, 4) && read(ends[1], text, 1) == 0, "fclose sends what is left and closes");
    check(fcntl(number, F_GETFD) == -1 && errno == EBADF, "the descriptor is closed");
    int again = fcntl(ends[1], F_DUPFD, number);
    check(again == number && fcntl(again, F_GETFD) >= 0, "and its number is free");
    fclose(in), close(again);
    /* Two streams, each with a descriptor of its own. */
    connection(AF_INET, ends);
    FILE *reads = fdopen(ends[0], "r"), *writes = fdopen(dup(ends[0]), "w");
    need(fputs("a\n", writes) >= 0 && fclose(writes) == 0);
    check(read(ends[1], text, 2) == 2 && polled(ends[1], POLLIN | POLLRDHUP, 20) == 0, "a duplicate keeps the connection");
    need(write(ends[1], "b\n", 2) == 2);
    check(fgets(text, sizeof text, reads) != NULL && text[0] == 'b', "and reads");
    fclose(reads);
    check(read(ends[1], text, 1) == 0, "until it is closed, too");
    close(ends[1]);
}

static void both_ways(void) {
    char line[64];
    connection(AF_INET, ends);
    FILE *both = fdopen(ends[0], "r+");
    need(both != NULL);
    for (int i = 0; i < 3; i++) {
        need(dprintf(ends[1], "question %d\n", i) > 0);
        need(fgets(line, sizeof line, both) != NULL);
        fprintf(both, "answer to %s", line);
        need(fflush(both) == 0);
        char got[64] = "", wanted[64];
        snprintf(wanted, sizeof wanted, "answer to question %d\n", i);
        need(read_all(ends[1], got, strlen(wanted)));
        check(strcmp(got, wanted) == 0, "a stream reads and writes: %d", i);
    }
    fclose(both), close(ends[1]);
    connection(AF_INET, ends);
    check(fdopen(ends[0], "x") == NULL && errno == EINVAL, "an impossible mode is EINVAL");
    FILE *reads = fdopen(ends[0], "rb");
    check(fputc('x', reads) == EOF && errno == EBADF && ferror(reads), "a stream that reads does not write");
    FILE *adds = fdopen(ends[1], "a");
    check((fcntl(ends[1], F_GETFL) & O_APPEND) != 0 && fputs("x\n", adds) >= 0 && fflush(adds) == 0 && fgetc(reads) == 'x',
          "one that appends does");
    fclose(reads), fclose(adds);
}

static void errors(void) {
    char line[64];
    open_streams(AF_INET);
    set_nonblocking(ends[1]);
    check(fgets(line, sizeof line, in) == NULL && errno == EAGAIN && ferror(in) && !feof(in), "a non-blocking stream without bytes fails with EAGAIN");
    clearerr(in);
    need(fputs("now\n", out) >= 0 && fflush(out) == 0);
    await_readable(ends[1]);
    check(fgets(line, sizeof line, in) != NULL && strcmp(line, "now\n") == 0, "and goes on after clearerr");
    struct linger reset = {.l_onoff = 1};
    need(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    fclose(in);
    need(comes_to(ends[0], POLLIN | POLLHUP, POLLIN | POLLHUP));
    signal(SIGPIPE, SIG_IGN);
    need(fputs("x", out) >= 0);
    check(fflush(out) == EOF && (errno == EPIPE || errno == ECONNRESET) && ferror(out), "a broken connection is an error of the stream");
    fclose(out);
    open_streams(AF_INET);
    struct timeval soon = {.tv_usec = 50000};
    need(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) == 0);
    check(fgetc(in) == EOF && errno == EAGAIN && ferror(in), "a time-out is one, too");
    close_streams();
}

static void reopening(void) {
    char path[] = "/tmp/shim-stream.XXXXXX", text[64];
    int file = mkstemp(path);
    need(file >= 0);
    open_streams(AF_INET);
    need(fputs("to the socket", out) >= 0);
    check(freopen(path, "w", out) == out && fileno(out) == ends[0], "freopen puts a file into a socket's place");
    check(read_all(ends[1], text, 13) && read(ends[1], text, 1) == 0, "what was in the buffer went to the socket, which is closed");
    check(fputs("to the file", out) >= 0 && fflush(out) == 0 && ftell(out) == 11 && pread(file, text, sizeof text, 0) == 11, "then it writes the file");
    check(freopen(path, "r", in) == in && fgets(text, sizeof text, in) != NULL && strcmp(text, "to the file") == 0, "likewise for reading");
    check(fseek(in, 3, SEEK_SET) == 0 && fgetc(in) == 't', "and there are places in it");
    close_streams();
    open_streams(AF_INET);
    check(freopen("/nonexistent/file", "r", out) == NULL && errno == ENOENT && read(ends[1], text, 1) == 0, "freopen of nothing closes the socket");
    fclose(in), close(file), unlink(path);
}

enum { WRITERS = 4, LINES = 500 };

static void *write_lines(void *argument) {
    for (int i = 0; i < LINES; i++) fprintf(out, "%d %d %s\n", *(int *)argument, i, "some text that makes the line longer");
    need(fflush(out) == 0);
    return NULL;
}

static void threads(void) {
    pthread_t writers[WRITERS];
    int names[WRITERS], next[WRITERS] = {0}, right = 0, who, which;
    char line[100];
    open_streams(AF_INET);
    for (int i = 0; i < WRITERS; i++) {
        names[i] = i;
        need(pthread_create(&writers[i], NULL, write_lines, &names[i]) == 0);
    }
    for (int i = 0; i < WRITERS * LINES; i++) {
        need(fgets(line, sizeof line, in) != NULL);
        if (sscanf(line, "%d %d some text that makes the line longer\n", &who, &which) == 2 && who >= 0 && who < WRITERS &&
            next[who] == which)
            next[who]++, right++;
    }
    for (int i = 0; i < WRITERS; i++) pthread_join(writers[i], NULL);
    check(right == WRITERS * LINES, "threads write whole lines to a stream: %d", right);
    close_streams();
}

static void *write_much(void *argument) {
    static char block[1 << 20];
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)pattern(i);
    need(fwrite(block, 1, sizeof block, out) == sizeof block && fflush(out) == 0);
    return argument;
}

static void much(void) {
    static char got[1 << 20];
    pthread_t writer;
    size_t right = 0;
    open_streams(AF_INET);
    need(pthread_create(&writer, NULL, write_much, NULL) == 0);
    size_t n = fread(got, 1, sizeof got, in);
    for (size_t i = 0; i < n; i++) right += (uint8_t)got[i] == pattern(i);
    check(right == sizeof got, "a megabyte goes through two streams: %zu", right);
    pthread_join(writer, NULL);
    close_streams();
}

static void leaving(void) {
    char text[64];
    open_streams(AF_INET);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        fprintf(out, "left in the buffer");
        exit(0);
    }
    need(exited_well(child));
    check(read_all(ends[1], text, 18) && memcmp(text, "left in the buffer", 18) == 0, "exit sends what is in the buffers");
    need(fputs("parent's", out) >= 0 && fflush(NULL) == 0);
    check(read_all(ends[1], text, 8) && memcmp(text, "parent's", 8) == 0, "fflush(NULL) does it too");
    close_streams();
    int udp[2];
    datagram_pair(AF_INET, udp);
    FILE *datagrams = fdopen(udp[0], "w");
    check(fprintf(datagrams, "one %s", "datagram") == 12 && fflush(datagrams) == 0 && recv(udp[1], text, sizeof text, 0) == 12, "a datagram is what is flushed at once");
    fclose(datagrams), close(udp[1]);
}

int main(void) {
    lines();
    buffering();
    closing();
    both_ways();
    errors();
    reopening();
    threads();
    much();
    leaving();
    finished();
}
