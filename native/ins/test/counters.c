/* The INS tells what its stack has counted of connections that come to it. */
#include <stdatomic.h>

#include "frontend.h"

#define CONNECTIONS 20

static struct frontend f;

static uint64_t told(_Atomic uint64_t *word) { return atomic_load_explicit(word, memory_order_acquire); }

static bool reaches(_Atomic uint64_t *word, uint64_t value) { return FRONTEND_ASK_UNTIL(&f, 1, told(word) >= value); }

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, (const char *const[]){NULL});
    struct rf_header *h = f.region.header;
    uint16_t port = frontend_listen(&f, 1, AF_INET, 64);
    check(reaches(&h->stack_looks, 1), "it looks at them", "%llu looks", (unsigned long long)told(&h->stack_looks));
    uint64_t before = told(&h->stack_opened);
    for (int i = 0; i < CONNECTIONS; i++) close(plain_connect(AF_INET, port));
    check(reaches(&h->stack_opened, before + CONNECTIONS), "connections that came about are counted", "%llu before, %llu now",
          (unsigned long long)before, (unsigned long long)told(&h->stack_opened));
    frontend_close(&f, 1, false);
    check(frontend_stop(&f) == 0, "the INS ends with status 0", "linux");
    f = (struct frontend){.abi = RF_ABI_NETBSD};
    frontend_start(&f, (const char *const[]){"--abi", "netbsd", NULL});
    h = f.region.header;
    frontend_socket(&f, 1, 0, AF_INET);
    frontend_close(&f, 1, false);
    check(told(&h->stack_looks) == 0, "an INS whose stack does not count tells nothing", "%llu looks", (unsigned long long)told(&h->stack_looks));
    check(frontend_stop(&f) == 0, "and ends with status 0", "netbsd");
    return check_end();
}
