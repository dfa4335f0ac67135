/* Data rings carry every byte once and in order, change their memory only when empty, and never
 * lead out of the pool. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static struct rf_region region;
static struct rf_slot *slot;
static struct rf_ring ring;

static void open_region(uint64_t pool_bytes) {
    region = check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = 64, .commands = 2, .cells = 64, .pool_bytes = pool_bytes});
    slot = rf_slot_at(&region, 63);
    ring = rf_in_ring(slot);
}

static void close_region(void) { munmap(region.header, region.bytes); }

static void write_span(const struct iovec span[2], uint64_t position, uint64_t bytes) {
    for (int piece = 0; piece < 2; piece++)
        for (size_t i = 0; i < span[piece].iov_len && bytes > 0; i++, bytes--)
            ((uint8_t *)span[piece].iov_base)[i] = check_byte(position++);
}

static uint64_t wrong_bytes(const struct iovec span[2], uint64_t position, uint64_t bytes) {
    uint64_t wrong = 0;
    for (int piece = 0; piece < 2; piece++)
        for (size_t i = 0; i < span[piece].iov_len && bytes > 0; i++, bytes--)
            wrong += ((uint8_t *)span[piece].iov_base)[i] != check_byte(position++);
    return wrong;
}

static uint64_t produce(uint64_t most) {
    struct iovec span[2];
    uint64_t room = rf_produce_span(&region, &ring, span), tail = *ring.tail;
    if (most > room) most = room;
    write_span(span, tail, most);
    rf_produce(&ring, most);
    return most;
}

/* The number of bytes; -1 if one was wrong. */
static int64_t consume(uint64_t most) {
    struct iovec span[2];
    int64_t filled = rf_consume_span(&region, &ring, span);
    if (filled < 0) return -1;
    if (most > (uint64_t)filled) most = (uint64_t)filled;
    if (wrong_bytes(span, *ring.head, most) != 0) return -1;
    rf_consume(&ring, most);
    return (int64_t)most;
}

/* ---- one thread ---- */

static void orders_and_wrapping(void) {
    int wrong = 0;
    open_region(4 << 20);
    for (uint32_t order = 0; order <= RF_MAX_ORDER; order++) {
        uint64_t size = (uint64_t)RF_PAGE << order, grant = rf_grant(3, order, (uint16_t)(order + 1));
        struct iovec span[2];
        *ring.grant = grant;
        if (rf_grant_size(grant) != size || rf_grant_order(grant) != order || rf_grant_page(grant) != 3)
            wrong++;
        if (rf_produce_span(&region, &ring, span) != size || span[0].iov_base != region.pool + 3 * RF_PAGE)
            wrong++;
        if (produce(UINT64_MAX) != size || produce(1) != 0) wrong++;
        /* Never empty from here: positions pass the ring's end again and again. */
        for (int i = 0; i < 50; i++) {
            if (consume(size / 3 + 1) < 0 || rf_produce_span(&region, &ring, span) != size / 3 + 1) wrong++;
            if (produce(UINT64_MAX) != size / 3 + 1) wrong++;
        }
        if (rf_available(&ring) != size || consume(UINT64_MAX) != (int64_t)size || consume(1) != 0) wrong++;
    }
    check(wrong == 0, "rings of order 0 to 8 fill, wrap around and drain", "%d things were wrong", wrong);
    close_region();
}

static void counters_past_2_to_the_64(void) {
    int64_t moved = 0, wrong = 0;
    open_region(RF_PAGE);
    *ring.grant = rf_grant(0, 0, 1);
    atomic_store(ring.tail, UINT64_MAX - 5000);
    atomic_store(ring.head, UINT64_MAX - 5000);
    for (int i = 0; i < 30; i++) {
        produce(700);
        int64_t n = consume(650);
        if (n < 0) wrong++;
        moved += n;
    }
    check(wrong == 0 && moved == 30 * 650 && *ring.tail < 20000, "counters run free past 2^64",
          "%ld moved, %ld wrong", (long)moved, (long)wrong);
    close_region();
}

static void rewinding(void) {
    struct iovec span[2];
    bool rewound = true, stays = true;
    open_region(RF_PAGE << 4);
    *ring.grant = rf_grant(0, 4, 1);
    for (int i = 0; i < 100; i++) {
        rewound &= rf_produce_span(&region, &ring, span) == RF_PAGE << 4 && span[0].iov_base == region.pool;
        produce(1000);
        rf_produce_span(&region, &ring, span);
        stays &= span[0].iov_base == region.pool + 1000;
        consume(1000);
    }
    bool untouched = true;
    for (uint32_t i = RF_PAGE; i < RF_PAGE << 4; i++) untouched &= region.pool[i] == 0;
    check(rewound && stays && untouched,
          "an empty ring begins at its first page again, a filled one does not",
          "rewound %d, stays %d, other pages untouched %d", rewound, stays, untouched);
    close_region();
}

static void grants_wait_for_an_empty_ring(void) {
    struct iovec span[2];
    open_region(RF_PAGE * 8);
    uint64_t small = rf_grant(0, 0, 1), large = rf_grant(4, 2, 2);
    bool none = rf_produce_span(&region, &ring, span) == 0;
    *ring.grant = small;
    produce(100);
    *ring.grant = large;
    bool stops = rf_produce_span(&region, &ring, span) == 0 && *ring.used == small;
    bool reads = consume(60) == 60 && rf_produce_span(&region, &ring, span) == 0 && consume(60) == 40;
    bool adopts = rf_produce_span(&region, &ring, span) == RF_PAGE * 4 && *ring.used == large &&
                  span[0].iov_base == region.pool + 4 * RF_PAGE;
    bool flows = produce(9000) == 9000 && consume(9000) == 9000;
    check(none, "without a grant nothing can be produced", "there was room");
    check(stops && reads && adopts && flows, "a new grant is adopted when the ring is empty, and not before",
          "stops %d, reads %d, adopts %d, flows %d", stops, reads, adopts, flows);
    close_region();
}

/* ---- a producer, a consumer and an owner ---- */

enum { AREA = RF_PAGE << 4 }; /* two areas of the pool, granted in turn */
static _Atomic uint32_t consumer_asleep;
static int room_bell, bytes_bell;
static _Atomic int moving;
static uint64_t stream;
static _Atomic long stalls, wrong_spans;

static void ring_bell(int bell) {
    uint64_t one = 1;
    if (write(bell, &one, sizeof one) < 0) atomic_fetch_add(&wrong_spans, 1);
}

static void await_bell(int bell) {
    struct pollfd p = {.fd = bell, .events = POLLIN};
    uint64_t count;
    if (poll(&p, 1, 5000) != 1 || read(bell, &count, sizeof count) < 0) atomic_fetch_add(&stalls, 1);
}

static void *producer(void *argument) {
    (void)argument;
    uint64_t seed = 21;
    for (uint64_t left = stream; left > 0 && stalls == 0;) {
        uint64_t most = 1 + check_random(&seed) % (check_random(&seed) % 4 == 0 ? 60000 : 600);
        uint64_t bytes = produce(most < left ? most : left);
        left -= bytes;
        if (bytes > 0 && rf_must_ring(&consumer_asleep)) ring_bell(bytes_bell);
        if (bytes == 0 && rf_produce_block(&region, &ring, &slot->in_blocked)) await_bell(room_bell);
    }
    return NULL;
}

static void *consumer(void *argument) {
    (void)argument;
    uint64_t seed = 22;
    for (uint64_t left = stream; left > 0 && stalls == 0;) {
        int64_t bytes = consume(1 + check_random(&seed) % (check_random(&seed) % 4 == 0 ? 60000 : 600));
        if (bytes < 0) {
            atomic_fetch_add(&wrong_spans, 1);
            break;
        }
        left -= (uint64_t)bytes;
        if (bytes > 0 && rf_unblock(&slot->in_blocked)) ring_bell(room_bell);
        if (bytes > 0) continue;
        rf_fall_asleep(&consumer_asleep);
        if (rf_available(&ring) == 0) await_bell(bytes_bell);
        rf_wake_up(&consumer_asleep);
    }
    atomic_store(&moving, 0);
    return NULL;
}

static void bytes_flow_while_grants_change(void) {
    pthread_t threads[2];
    uint64_t seed = 23;
    long grants = 0;
    open_region(2 * AREA);
    stream = (uint64_t)check_rounds(256) << 20;
    room_bell = eventfd(0, EFD_CLOEXEC);
    bytes_bell = eventfd(0, EFD_CLOEXEC);
    moving = 1;
    atomic_store(ring.grant, rf_grant(0, 0, 0));
    check_need(pthread_create(&threads[0], NULL, producer, NULL) == 0, "a producer");
    check_need(pthread_create(&threads[1], NULL, consumer, NULL) == 0, "a consumer");
    while (atomic_load(&moving)) {
        uint64_t grant = atomic_load(ring.grant);
        if (atomic_load_explicit(ring.used, memory_order_acquire) != grant) {
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
            continue;
        }
        /* The new grant is in use: the old memory is the owner's again. Whoever still used it would
         * read or leave other bytes. */
        uint32_t area = rf_grant_page(grant) == 0;
        memset(region.pool + area * AREA, 0xee, AREA);
        grants++;
        atomic_store(ring.grant,
                     rf_grant(area * AREA / RF_PAGE, (uint32_t)(check_random(&seed) % 5), (uint16_t)grants));
    }
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    check_note("%lu MiB under %ld grants", (unsigned long)(stream >> 20), grants);
    check(wrong_spans == 0 && stalls == 0 && rf_available(&ring) == 0 && *ring.head == stream && grants > 1,
          "two threads move a stream unharmed while a third changes the ring's memory",
          "%ld wrong, %ld stalls, %lu of %lu bytes, %ld grants", wrong_spans, stalls,
          (unsigned long)*ring.head, (unsigned long)stream, grants);
    close(room_bell);
    close(bytes_bell);
    close_region();
}

/* ---- hostile words ---- */

static uint64_t nasty(uint64_t *seed) {
    static const uint64_t edges[] = {
        0, 1, RF_PAGE - 1, RF_PAGE, RF_PAGE + 1, UINT32_MAX, UINT64_MAX, 1ull << 63, (1ull << 32) - RF_PAGE};
    uint64_t r = check_random(seed);
    switch (r % 5) {
    case 0: return edges[r / 5 % (sizeof edges / sizeof *edges)];
    case 1: return rf_grant((uint32_t)(r >> 8) % 20, (uint32_t)(r >> 40) % 12, 0);
    case 2: return rf_grant((uint32_t)(r >> 8), (uint32_t)(r >> 40) & 0xff, 0);
    case 3: return r >> 8 & 0x3fff;
    default: return r;
    }
}

static bool in_pool(const struct iovec span[2], uint64_t bytes) {
    uint64_t sum = 0;
    for (int piece = 0; piece < 2; piece++) {
        sum += span[piece].iov_len;
        uint64_t offset = (uint64_t)((uint8_t *)span[piece].iov_base - region.pool);
        if (offset > region.pool_bytes || span[piece].iov_len > region.pool_bytes - offset) return false;
    }
    return sum == bytes;
}

static void scramble(uint64_t *seed) {
    uint64_t r = check_random(seed);
    if (r % 8 == 0) { /* something possible, so that what follows spoils more than nonsense */
        uint64_t grant = rf_grant((uint32_t)(r >> 8) % 12, (uint32_t)(r >> 16) % 3, (uint16_t)(r >> 20) & 1);
        atomic_store_explicit(ring.grant, grant, memory_order_relaxed);
        atomic_store_explicit(ring.used, grant, memory_order_relaxed);
        uint64_t tail = atomic_load_explicit(ring.head, memory_order_relaxed) + (r >> 32) % (2 * RF_PAGE);
        atomic_store_explicit(ring.tail, tail, memory_order_relaxed);
        return;
    }
    _Atomic uint64_t *words[] = {ring.tail, ring.head, ring.base, ring.used, ring.grant};
    atomic_store_explicit(words[check_random(seed) % 5], nasty(seed), memory_order_relaxed);
}

static void *scrambler(void *argument) {
    uint64_t seed = 31;
    while (atomic_load((_Atomic int *)argument)) scramble(&seed);
    return NULL;
}

/* Each round looks at the ring from both sides, with the words changing before or during the look. */
static void look(long rounds, uint64_t *seed, bool scrambling, long *outside, long *useful) {
    for (long i = 0; i < rounds; i++) {
        struct iovec span[2] = {{0}};
        if (!scrambling) scramble(seed);
        int64_t filled = rf_consume_span(&region, &ring, span);
        if (filled > 0 ? !in_pool(span, (uint64_t)filled) : filled != 0 && filled != -EPROTO) ++*outside;
        *useful += filled > 0;
        uint32_t room = rf_produce_span(&region, &ring, span);
        if (room > 0 && !in_pool(span, room)) ++*outside;
        *useful += room > 0;
    }
}

static void hostile_words(void) {
    uint64_t seed = 33;
    long rounds = check_rounds(3000000), outside = 0, useful = 0;
    _Atomic int going = 1;
    pthread_t thread;
    open_region(RF_PAGE * 16);
    look(rounds, &seed, false, &outside, &useful);
    check_need(pthread_create(&thread, NULL, scrambler, &going) == 0, "a thread");
    look(rounds, &seed, true, &outside, &useful);
    atomic_store(&going, 0);
    pthread_join(thread, NULL);
    check_note("%ld looks, %ld of them gave bytes or room", 4 * rounds, useful);
    check(outside == 0 && useful > rounds / 100,
          "whatever stands in a ring's words, its spans lie in the pool",
          "%ld spans did not, %ld were not empty", outside, useful);

    atomic_store(ring.used, rf_grant(0, 0, 1));
    atomic_store(ring.head, 10);
    atomic_store(ring.tail, 10 + RF_PAGE + 1);
    struct iovec span[2];
    int64_t beyond = rf_consume_span(&region, &ring, span);
    atomic_store(ring.tail, 9);
    int64_t backwards = rf_consume_span(&region, &ring, span);
    atomic_store(ring.used, rf_grant(16, 0, 1));
    atomic_store(ring.tail, 11);
    int64_t outside_pool = rf_consume_span(&region, &ring, span);
    atomic_store(ring.used, rf_grant(0, RF_MAX_ORDER + 1, 1));
    int64_t too_large = rf_consume_span(&region, &ring, span);
    check(beyond == -EPROTO && backwards == -EPROTO && outside_pool == -EPROTO && too_large == -EPROTO,
          "an impossible tail or ring is a violation of the protocol", "%ld %ld %ld %ld", (long)beyond,
          (long)backwards, (long)outside_pool, (long)too_large);
    close_region();
}

static void hostile_headers(void) {
    uint64_t seed = 35;
    long accepted = 0, outside = 0, rounds = check_rounds(1000000);
    open_region(RF_PAGE * 4);
    uint8_t header[sizeof(struct rf_header)];
    memcpy(header, region.header, sizeof header);
    uint8_t *start = (uint8_t *)region.header;
    for (long i = 0; i < rounds; i++) {
        memcpy(start, header, offsetof(struct rf_header, frontend_asleep));
        size_t at = 16 + check_random(&seed) % 100;
        uint64_t value = check_random(&seed) % 2 ? nasty(&seed) : check_random(&seed) % region.bytes & ~63ull;
        memcpy(start + at / 8 * 8, &value, check_random(&seed) % 2 ? 8 : 4);
        struct rf_region r;
        if (rf_region_open(start, region.bytes, &r) != 0) continue;
        accepted++;
        struct rf_command *command = &r.commands[r.command_count - 1];
        const void *ends[] = {r.commands,    command + 1,
                              r.cells,       r.cells + r.cell_count,
                              r.slots,       r.slots + r.slot_count,
                              r.to_backend,  r.to_backend + 1,
                              r.to_frontend, r.to_frontend + 1,
                              r.pool,        r.pool + r.pool_bytes};
        for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
            if ((const uint8_t *)ends[e] < start || (const uint8_t *)ends[e] > start + region.bytes)
                outside++;
    }
    memcpy(start, header, sizeof header);
    ((struct rf_header *)start)->layout_version++;
    struct rf_region r;
    int other = rf_region_open(start, region.bytes, &r), cut = rf_region_open(start, 1000, &r);
    check(outside == 0 && accepted > 0 && accepted < rounds && other == -EPROTO && cut == -EINVAL,
          "a header that leads out of the mapping, or of another version, is refused",
          "%ld parts outside, %ld of %ld accepted, other version %d, short %d", outside, accepted, rounds,
          other, cut);
    close_region();
}

int main(int argc, char **argv) {
    check_start(argc, argv, 120);
    orders_and_wrapping();
    counters_past_2_to_the_64();
    rewinding();
    grants_wait_for_an_empty_ring();
    bytes_flow_while_grants_change();
    hostile_words();
    hostile_headers();
    return check_end();
}
