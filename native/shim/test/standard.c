/* Sockets as standard streams: in the program itself, and in those that it executes, as inetd does. */
#include <dlfcn.h>
#include <sys/mman.h>

#include "check.h"

static int listening;
static const char *self;

/* A connection whose far end becomes a child's descriptors 0, 1 and 2, all or some of them. The near end; the child
 * then runs `serve`. */
static int serve(pid_t *child, const char *numbers, void (*serving)(void)) {
    int near = connected_to(listening), far = accept(listening, NULL, NULL);
    need(far >= 0);
    fflush(stdout);
    *child = fork();
    need(*child >= 0);
    if (*child == 0) {
        close(near);
        for (; *numbers != '\0'; numbers++) need(dup2(far, *numbers - '0') == *numbers - '0');
        close(far), close(listening);
        serving();
        exit(0);
    }
    close(far);
    return near;
}

/* Everything that comes until the end. */
static char *all_of(int fd) {
    static char text[70000];
    size_t got = 0;
    for (ssize_t n; got < sizeof text - 1 && (n = read(fd, text + got, sizeof text - 1 - got)) > 0;) got += (size_t)n;
    text[got] = '\0';
    return text;
}

static void ask(int fd, const char *text) {
    need(write(fd, text, strlen(text)) == (ssize_t)strlen(text) && shutdown(fd, SHUT_WR) == 0);
}

static void served(pid_t child, int near, const char *expected, const char *sentence) {
    const char *got = all_of(near);
    bool same = strcmp(got, expected) == 0;
    if (!same) printf("# got '%s'\n", got);
    check(exited_well(child) && same, "%s", sentence);
    close(near);
}

static void greet(void) {
    char name[32];
    int number;
    if (scanf("%31s %d\n", name, &number) != 2) exit(1);
    printf("hello %s, ", name);
    puts("well met");
    fprintf(stderr, "and %d\n", number + 1);
    for (int c; (c = getchar()) != EOF;) putchar(c - 'a' + 'A');
}

static void in_the_program(void) {
    pid_t child;
    int near = serve(&child, "012", greet);
    ask(near, "world 41\nabc");
    char *got = all_of(near);
    check(exited_well(child) && strcmp(got, "hello world, well met\nand 42\nABC") == 0, "scanf and printf use sockets that a program has put on 0, 1 and 2");
    close(near);
}

static void complain(void) {
    fprintf(stderr, "first ");
    errno = ENOENT;
    perror("then");
}

static void errors(void) {
    pid_t child;
    int near = serve(&child, "2", complain);
    served(child, near, "first then: No such file or directory\n", "perror uses one on 2, unbuffered");
}

static void late(void) {
    static char buffer[4096];
    need(setvbuf(stdout, buffer, _IOFBF, sizeof buffer) == 0);
    printf("printed before, ");
    int near = connected_to(listening), far = accept(listening, NULL, NULL);
    need(far >= 0 && dup2(far, 1) == 1 && close(far) == 0);
    printf("and after");
    fflush(stdout);
    char text[64];
    ssize_t n = read(near, text, sizeof text - 1);
    if (n != 25 || memcmp(text, "printed before, and after", 25) != 0) exit(1);
    /* And away from the socket again. */
    int file = memfd_create("away", 0);
    if (dup2(file, 1) != 1 || printf("to a file") != 9 || fflush(stdout) != 0 || pread(file, text, sizeof text, 0) != 9) exit(2);
    if (recv(near, text, sizeof text, 0) != 0) exit(3);
    if (freopen("/dev/null", "w", stdout) != stdout || printf("gone") != 4 || fflush(stdout) != 0) exit(4);
    _exit(0);
}

static void rest_of_input(void) {
    /* What stdin has read ahead from a pipe comes before what the socket brings. */
    int ordinary[2];
    char line[32];
    need(pipe(ordinary) == 0 && write(ordinary[1], "one\ntwo\n", 8) == 8 && dup2(ordinary[0], 0) == 0);
    if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "one\n") != 0) exit(1);
    int near = connected_to(listening), far = accept(listening, NULL, NULL);
    need(far >= 0 && dup2(far, 0) == 0 && write(near, "three\n", 6) == 6);
    if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "two\n") != 0) exit(2);
    if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "three\n") != 0) exit(3);
    _exit(0);
}

static void while_in_use(void) {
    for (int i = 0; i < 2; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) i == 0 ? late() : rest_of_input();
        int status;
        need(waitpid(child, &status, 0) == child);
        check(status == 0, i == 0 ? "output that waits goes where the descriptor leads when it is flushed: %x"
                                  : "input that was read ahead is not lost: %x", status);
    }
}

/* std::cout << "text" << std::flush, without a compiler of C++. */
static void put_in_cpp(void *library, const char *text) {
    void *cout = dlsym(library, "_ZSt4cout");
    void *(*put)(void *, const char *, long) = (void *(*)(void *, const char *, long))dlsym(library, "_ZNSo5writeEPKcl");
    void *(*flush)(void *) = (void *(*)(void *))dlsym(library, "_ZNSo5flushEv");
    need(cout != NULL && put != NULL && flush != NULL);
    put(cout, text, (long)strlen(text));
    flush(cout);
}

static void speak_cpp(void) {
    void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL);
    put_in_cpp(library, "from C++, ");
    printf("and C");
}

static void in_cpp(void) {
    void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL);
    pid_t child;
    char init[8];
    if (library == NULL) {
        printf("skip - the streams of C++ use the sockets, too: there is no libstdc++\n");
        return;
    }
    /* cout has its FILE before the socket is there */
    ((void (*)(void *))dlsym(library, "_ZNSt8ios_base4InitC1Ev"))(init);
    int near = serve(&child, "1", speak_cpp);
    served(child, near, "from C++, and C", "the streams of C++ use the sockets, too");
}

static void become_server(void) { execl(self, self, "serve", NULL); }
static void become_sort(void) { execlp("sort", "sort", "-r", NULL); }
static void become_head(void) { execlp("head", "head", "-n", "2", NULL); }
static void become_shell(void) {
    execlp("sh", "sh", "-c", "read a; echo \"got $a\"; printf '%s\\n' rest; cat; echo over >&2", NULL);
}
static void become_sed(void) { execlp("sed", "sed", "-u", "s/a/b/", NULL); }
static void call_shell(void) {
    printf("before\n");
    fflush(stdout);
    need(system("echo in between") == 0);
    FILE *to = popen("cat", "w");
    need(to != NULL && fputs("piped\n", to) >= 0 && pclose(to) == 0);
    printf("after\n");
}

static void in_others(void) {
    pid_t child;
    int near = serve(&child, "012", become_server);
    ask(near, "line one\nline two\n");
    served(child, near, "peer known\n1 line one\n2 line two\nover\n", "a program that is executed reads and writes its standard streams");
    near = serve(&child, "01", become_sort);
    ask(near, "a\nc\nb\n");
    served(child, near, "c\nb\na\n", "sort serves a connection");
    near = serve(&child, "01", become_head);
    ask(near, "1\n2\n3\n");
    served(child, near, "1\n2\n", "head does");
    near = serve(&child, "01", become_sed);
    ask(near, "aaa\nca\n");
    served(child, near, "baa\ncb\n", "sed does");
    near = serve(&child, "012", become_shell);
    ask(near, "first\nsecond\nthird\n");
    served(child, near, "got first\nrest\nsecond\nthird\nover\n", "a shell and its children do");
    near = serve(&child, "01", call_shell);
    ask(near, "");
    served(child, near, "before\nin between\npiped\nafter\n", "children of system and popen write to the connection");
}

/* What in_others executes. */
static int be_server(void) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    char *line = NULL;
    size_t size = 0;
    if (getpeername(STDIN_FILENO, (void *)&peer, &length) == 0 && peer.ss_family == AF_INET) puts("peer known");
    for (int i = 1; getline(&line, &size, stdin) > 0; i++) printf("%d %s", i, line);
    fflush(stdout);
    fprintf(stderr, "over\n");
    return 0;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "serve") == 0) return be_server();
    self = arguments[0];
    listening = listener(AF_INET);
    in_the_program();
    errors();
    while_in_use();
    in_cpp();
    in_others();
    close(listening);
    finished();
}
