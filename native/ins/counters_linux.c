/* What the Linux kernel's stack counts, from /proc/net/netstat and /proc/net/snmp: a line of names and a line of numbers
 * for each protocol. The files are open from the start, since the process has no file system later; they are those of the network
 * namespace it was started in. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "stack_linux.h"

/* A file and what is looked for in it. `column` is found once: the kernel does not change its mind. */
struct counter {
    const char *name;
    int column; /* from 1; 0: not found */
};
struct table {
    const char *path, *protocol;
    struct counter counters[5];
    int file;
};
enum { COOKIES, DROPPED, REPEATED, OVERFLOWS };
static struct table extended = {
    .path = "/proc/net/netstat",
    .protocol = "TcpExt:",
    .counters = {{"SyncookiesSent", 0}, {"TCPReqQFullDrop", 0}, {"TCPSynRetrans", 0}, {"ListenOverflows", 0}},
    .file = -1,
};
static struct table basic = {.path = "/proc/net/snmp", .protocol = "Tcp:", .counters = {{"PassiveOpens", 0}}, .file = -1};

static char text[16384];

/* Reads the file and finds the protocol's two lines; each ends with 0 then. */
static bool read_lines(const struct table *table, char **names, char **numbers) {
    if (table->file < 0) return false;
    size_t length = 0;
    for (ssize_t bytes = 1; bytes > 0 && length < sizeof text - 1; length += bytes > 0 ? (size_t)bytes : 0)
        bytes = preadv(table->file, &(struct iovec){text + length, sizeof text - 1 - length}, 1, (off_t)length);
    text[length] = '\0';
    char *found[2] = {NULL, NULL}, *next;
    int count = 0;
    for (char *line = text; count < 2 && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) *next++ = '\0';
        if (strncmp(line, table->protocol, strlen(table->protocol)) == 0) found[count++] = line + strlen(table->protocol);
    }
    *names = found[0];
    *numbers = found[1];
    return count == 2;
}

static void find_columns(struct table *table, const char *names) {
    for (struct counter *c = table->counters; c->name != NULL; c++) {
        int column = 0;
        for (const char *at = names; *at == ' ';) {
            at++;
            size_t length = strcspn(at, " ");
            column++;
            if (length == strlen(c->name) && strncmp(at, c->name, length) == 0) c->column = column;
            at += length;
        }
    }
}

static uint64_t value(const struct table *table, int which, const char *numbers) {
    int column = table->counters[which].column;
    if (column == 0) return 0;
    const char *at = numbers;
    for (int i = 0; i < column && at != NULL; i++) at = strchr(at + (i > 0), ' ');
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

static void open_table(struct table *table) {
    char *names, *numbers;
    table->file = open(table->path, O_RDONLY | O_CLOEXEC);
    if (read_lines(table, &names, &numbers)) find_columns(table, names);
}

void linux_counters_open(void) {
    open_table(&extended);
    open_table(&basic);
}

bool linux_count(struct rf_stack_counts *counts) {
    char *names, *numbers;
    if (!read_lines(&extended, &names, &numbers)) return false;
    counts->cookies = value(&extended, COOKIES, numbers);
    counts->dropped = value(&extended, DROPPED, numbers);
    counts->repeated = value(&extended, REPEATED, numbers);
    counts->overflows = value(&extended, OVERFLOWS, numbers);
    if (!read_lines(&basic, &names, &numbers)) return false;
    counts->opened = value(&basic, 0, numbers);
    return true;
}
