/* ringfence-ins: the isolated network stack as a locked-down local process. The command line, and the
 * order in which things happen at start. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ins.h"

static const char usage[] =
    "Usage: ringfence-ins --socket PATH [--abi linux|netbsd] [--user NAME|UID] [--linger SECONDS] [--no-sandbox]\n"
    "                     [--name NAME] [--interface NAME[@LINK]] [--address ADDRESS/BITS] [--gateway ADDRESS]\n"
    "Executes the socket calls of the gateway whose ins.sock is PATH.\n"
    "\n"
    "  --socket PATH      the gateway's ins.sock, in its state directory\n"
    "  --abi linux|netbsd numbers and layouts spoken to the gateway: those of a stack this program was built with,\n"
    "                     by default the first of them. Without a rump kernel, netbsd is a stand-in for a NetBSD\n"
    "                     stack on this machine's sockets\n"
    "  --name NAME        what the gateway calls this INS, and './ringfence run --ins' means; default ins\n"
    "  --user NAME|UID    as root, run as this user; default nobody\n"
    "  --linger SECONDS   reset a closed connection whose peer has taken no byte for so long; default 60\n"
    "  --interface NAME   for a stack of its own: the interface it has, such as virt0 (the host's tap device tun0)\n"
    "                     or shmif0@FILE\n"
    "  --address A/BITS   the interface's address, IPv4 or IPv6; up to 4 of them\n"
    "  --gateway A        the router of a family; up to 4 of them\n"
    "  --die-with-parent  end when the thread that started this process ends\n"
    "  --no-sandbox       keep user, file system and system calls: for debugging\n"
    "  --help             this text\n"
    "\n"
    "Ends with status 0 when the gateway closes the connection, or on SIGTERM.\n";

static void say(const char *format, va_list arguments) {
    char line[512];
    int length = snprintf(line, sizeof line, "ringfence-ins: ");
    int more = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    length += more < (int)sizeof line - length - 2 ? more : (int)sizeof line - length - 2;
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

void ins_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void ins_die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    _exit(1);
}

/* The kernel closes everything; a handler that only exits cannot come at a wrong moment. */
static void terminated(int signal) {
    (void)signal;
    _exit(0);
}

struct options {
    const char *socket, *user, *name;
    const struct rf_stack *stack;
    bool sandbox, die_with_parent;
    int64_t linger; /* milliseconds */
    struct rf_setup setup;
};

static const struct rf_stack *find_stack(const char *name) {
    for (size_t i = 0; rf_stacks[i] != NULL; i++)
        if (strcmp(name, rf_stacks[i]->name) == 0) return rf_stacks[i];
    if (rf_stacks[1] == NULL) ins_die("--abi '%s': this program was built with the stack %s alone", name, rf_stacks[0]->name);
    ins_die("--abi '%s': give linux or netbsd", name);
}

static void add(const char *option, const char *value, const char *to[RF_SETUP_MOST]) {
    for (int i = 0; i < RF_SETUP_MOST; i++)
        if (to[i] == NULL) {
            to[i] = value;
            return;
        }
    ins_die("%s '%s': there are %d already", option, value, RF_SETUP_MOST);
}

static void set_interface(char *value, struct rf_setup *setup) {
    char *link = strchr(value, '@');
    if (link != NULL) *link++ = '\0';
    setup->interface = value;
    setup->link = link;
}

static struct options parse(int argc, char **argv) {
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},     {"abi", required_argument, NULL, 'a'},
        {"user", required_argument, NULL, 'u'},       {"linger", required_argument, NULL, 'l'},
        {"die-with-parent", no_argument, NULL, 'd'},  {"no-sandbox", no_argument, NULL, 'n'},
        {"name", required_argument, NULL, 'N'},
        {"interface", required_argument, NULL, 'i'},  {"address", required_argument, NULL, 'A'},
        {"gateway", required_argument, NULL, 'g'},    {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.stack = rf_stacks[0], .name = "ins", .sandbox = true, .linger = 60000};
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        char *end;
        switch (option) {
        case 's':
            options.socket = optarg;
            break;
        case 'a':
            options.stack = find_stack(optarg);
            break;
        case 'u':
            options.user = optarg;
            break;
        case 'l':
            options.linger = strtol(optarg, &end, 10) * 1000;
            if (*end != '\0' || options.linger <= 0 || options.linger > 86400000)
                ins_die("--linger '%s': give seconds from 1 to 86400", optarg);
            break;
        case 'N':
            options.name = optarg;
            break;
        case 'i':
            set_interface(optarg, &options.setup);
            break;
        case 'A':
            add("--address", optarg, options.setup.addresses);
            break;
        case 'g':
            add("--gateway", optarg, options.setup.gateways);
            break;
        case 'd':
            options.die_with_parent = true;
            break;
        case 'n':
            options.sandbox = false;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default: /* getopt has said what is wrong */
            ins_die("see ringfence-ins --help");
        }
    }
    if (optind < argc) ins_die("unexpected argument '%s': see ringfence-ins --help", argv[optind]);
    if (options.socket == NULL) ins_die("--socket PATH is missing: give the gateway's ins.sock");
    if (options.user != NULL && !options.sandbox) ins_die("--user and --no-sandbox exclude each other: drop one");
    return options;
}

int main(int argc, char **argv) {
    int parent = getppid();
    struct options options = parse(argc, argv);
    struct ins_identity identity = {0};
    if (options.sandbox) identity = ins_find_user(options.user);
    ins_close_inherited();
    ins_wait_its_turn();
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = terminated};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    static struct ins ins;
    ins.stack = options.stack;
    ins.linger = options.linger;
    ins.run = ins.patient = ins_queue(INS_RUN);
    ins.lingering = ins.starved = ins_queue(INS_WAIT);
    ins_attach(options.socket, options.name, ins.stack, &ins.peer, &ins.region);
    /* All the memory there will ever be: the filter of system calls has no mmap and no brk. */
    size_t bytes = ins.region.slot_count * sizeof *ins.sockets;
    ins.sockets = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ins.sockets == MAP_FAILED) ins_die("cannot map %zu bytes for %u slots", bytes, ins.region.slot_count);
    ins_raise_descriptors(&ins);
    options.setup.sockets = ins.region.slot_count;
    /* Before the stack opens anything: messages go through what it has, and nothing else. */
    int host = options.sandbox ? ins_fill_descriptors(&ins.peer) : -1;
    int error = ins.stack->open(&options.setup);
    if (error != 0 && rf_setup_has_network(&options.setup))
        ins_die("cannot open stack '%s' with interface '%s': error %d: has this program a stack of its own, and the host "
                "what the interface is plugged into?",
                ins.stack->name, options.setup.interface != NULL ? options.setup.interface : "", -error);
    if (error != 0) ins_die("cannot open stack '%s': error %d", ins.stack->name, -error);

    if (options.sandbox) ins_lock_down(&identity, rf_stacks_have_threads);
    if (options.die_with_parent) ins_die_with_parent(parent);
    if (options.sandbox) ins_filter_system_calls(host);
    ins_serve(&ins);
}
