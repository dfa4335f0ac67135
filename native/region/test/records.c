/* Records carry every datagram once, whole and in order, and impossible ones are found out. */
#include "../record.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "check.h"

static struct rf_region region;
static struct rf_slot *slot;
static struct rf_ring ring;

static void open_region(uint32_t order) {
    region = check_region(&(struct rf_geometry){
        .abi = RF_ABI_LINUX, .slots = 64, .commands = 2, .cells = 64, .pool_bytes = 1 << 20});
    slot = rf_slot_at(&region, 63);
    ring = rf_out_ring(slot);
    *ring.grant = rf_grant(5, order, 1);
}

static void close_region(void) { munmap(region.header, region.bytes); }

/* The datagram number `number`: its length and bytes follow from the number. */
static bool put(uint64_t number, uint32_t length) {
    struct rf_record *header;
    struct iovec bytes[2];
    if (rf_record_reserve(&region, &ring, length, &header, bytes) != 1) return false;
    header->seconds = (int64_t)number;
    header->name = (struct rf_name){.length = 28, .address = {(uint8_t)number, [27] = (uint8_t)(number >> 8)}};
    uint64_t at = 0;
    for (int piece = 0; piece < 2; piece++)
        for (size_t i = 0; i < bytes[piece].iov_len; i++)
            ((uint8_t *)bytes[piece].iov_base)[i] = check_byte(number * 70000 + at++);
    check_need(at == length, "pieces of the length asked for");
    rf_record_commit(&ring, header, length);
    return true;
}

/* The length of the next datagram, which has to be this one; -1 if there is none, -2 if it is another. */
static int64_t get(uint64_t number) {
    struct rf_record record;
    struct iovec bytes[2];
    int found = rf_record_peek(&region, &ring, &record, bytes);
    if (found == 0) return -1;
    if (found < 0 || record.seconds != (int64_t)number || record.name.length != 28 ||
        record.name.address[0] != (uint8_t)number || record.name.address[27] != (uint8_t)(number >> 8))
        return -2;
    uint64_t at = 0, wrong = 0;
    for (int piece = 0; piece < 2; piece++)
        for (size_t i = 0; i < bytes[piece].iov_len; i++)
            wrong += ((uint8_t *)bytes[piece].iov_base)[i] != check_byte(number * 70000 + at++);
    if (at != record.length || wrong != 0) return -2;
    rf_record_consume(&ring, &record);
    return record.length;
}

static void sizes(void) {
    static const uint32_t lengths[] = {0, 1, 127, 128, 129, 1472, 4000, 65507, 65535};
    int wrong = 0;
    open_region(RF_DATAGRAM_ORDER);
    for (uint64_t number = 0; number < 9 * 50; number++) {
        uint32_t length = lengths[number % 9];
        if (!put(number, length) || get(number) != length || get(number) != -1) wrong++;
    }
    check(wrong == 0 && *ring.tail == *ring.head && *ring.tail % RF_RECORD_UNIT == 0,
          "datagrams of 0 to 65535 bytes come out as they went in", "%d did not", wrong);
    check(put(1, 65535) && !put(2, 65535) && put(2, 65000) && !put(3, 600) && get(1) == 65535 && get(2) == 65000,
          "what does not fit is refused whole, and what fits goes in", "tail %llu, head %llu",
          (unsigned long long)*ring.tail, (unsigned long long)*ring.head);
    check(!put(4, RF_MAX_DATAGRAM + 1), "more than the largest datagram is refused", "it is not");
    close_region();
}

/* Never empty, so never rewound: records lie across the ring's end at every place they can. */
static void wrapping(void) {
    uint64_t in = 0, out = 0, seed = 42;
    int wrong = 0, crossed = 0;
    open_region(0);
    check_need(put(in++, 700), "a first datagram");
    for (long i = 0; i < check_rounds(20000); i++) {
        uint32_t length = (uint32_t)(check_random(&seed) % 1500);
        uint64_t before = (*ring.tail - *ring.base) / RF_PAGE;
        if (put(in, length)) in++;
        else if (in - out > 1 && get(out++) < 0) wrong++;
        crossed += (*ring.tail - 1 - *ring.base) / RF_PAGE != before;
    }
    while (out < in) wrong += get(out++) < 0;
    check(wrong == 0 && crossed > 10, "datagrams around the end of a ring are whole", "%d wrong, %d crossed", wrong,
          crossed);
    close_region();
}

/* Counters near 2 to the 64 and a base that is not 0. */
static void counters(void) {
    int wrong = 0;
    open_region(1);
    *ring.tail = *ring.head = *ring.base = UINT64_MAX - 16 * RF_RECORD_UNIT + 1;
    check_need(put(0, 100), "a first datagram");
    for (uint64_t number = 1; number < 200; number++) wrong += !put(number, 900) || get(number - 1) < 0;
    check(wrong == 0 && *ring.tail < RF_PAGE * 200, "counters pass 2 to the 64", "%d wrong", wrong);
    close_region();
}

static void grants(void) {
    open_region(0);
    check_need(put(0, 100), "a datagram");
    *ring.grant = rf_grant(40, RF_DATAGRAM_ORDER, 2);
    bool waits = !put(1, 100) && get(0) == 100;
    check(waits && put(1, 65535) && *ring.used == *ring.grant && get(1) == 65535,
          "a new grant is adopted when the ring is empty", "used %llx", (unsigned long long)*ring.used);
    close_region();
}

static void blocking(void) {
    _Atomic uint32_t blocked = 0;
    open_region(RF_DATAGRAM_ORDER);
    check_need(put(0, 65535), "a datagram");
    bool small = rf_record_block(&region, &ring, 100, &blocked);
    uint32_t after_small = blocked;
    bool large = rf_record_block(&region, &ring, 65535, &blocked);
    check(!small && after_small == 0 && large && blocked == 1 && rf_unblock(&blocked) && !rf_unblock(&blocked),
          "a producer is blocked by too little room for its datagram, not only by none", "small %d, large %d", small,
          large);
    close_region();
}

static struct rf_record *first_header(void) {
    return (struct rf_record *)(region.pool + (uint64_t)5 * RF_PAGE);
}

static int peek(void) {
    struct rf_record record;
    struct iovec bytes[2];
    return rf_record_peek(&region, &ring, &record, bytes);
}

static void impossible(void) {
    struct rf_record *header, record;
    struct iovec bytes[2];
    open_region(RF_DATAGRAM_ORDER);
    check_need(put(0, 1000) && put(1, 1000), "datagrams");
    first_header()->length = 3000;
    int beyond = peek();
    first_header()->length = 65536;
    int large = peek();
    first_header()->length = UINT32_MAX - 100;
    int huge = peek();
    first_header()->length = 1000;
    check(beyond == -EPROTO && large == -EPROTO && huge == -EPROTO && peek() == 1,
          "a datagram longer than the largest, or than what is filled, is -EPROTO", "%d, %d, %d", beyond, large, huge);
    first_header()->name.length = 29;
    first_header()->via.length = UINT32_MAX;
    check(rf_record_peek(&region, &ring, &record, bytes) == 1 && record.name.length == 28 && record.via.length == 28,
          "a name longer than an address is cut", "%u, %u", record.name.length, record.via.length);
    *ring.tail -= 2 * rf_record_bytes(1000) - 64;
    int half = peek();
    *ring.tail = *ring.head + RF_RECORD_UNIT;
    first_header()->length = 0;
    int odd = peek() == 1 ? 0 : -1;
    *ring.head += 64;
    *ring.tail += 640;
    odd |= peek() == -EPROTO ? 0 : -1;
    *ring.tail += 4;
    odd |= rf_record_reserve(&region, &ring, 10, &header, bytes) == -EPROTO ? 0 : -1;
    check(half == -EPROTO && odd == 0, "half a header, and a header between two places, are -EPROTO", "%d, %d", half,
          odd);
    close_region();
}

/* The other side writes anything into any word: no access leaves the ring (the sanitizers see to that, too). */
static void hostile_words(void) {
    uint64_t seed = 4711;
    long outside = 0, rounds = check_rounds(200000), found = 0;
    open_region(2);
    for (long i = 0; i < rounds; i++) {
        struct rf_record *header, record;
        struct iovec bytes[2] = {{0}};
        uint64_t near = check_random(&seed) % 40 * 64;
        *ring.head = check_random(&seed) % 4 == 0 ? check_random(&seed) : near;
        *ring.tail = *ring.head + (check_random(&seed) % 8 == 0 ? check_random(&seed) : check_random(&seed) % 300 * 64);
        *ring.base = check_random(&seed) % 2 == 0 ? near / 128 * 128 : check_random(&seed);
        *ring.used = check_random(&seed) % 4 != 0
                         ? rf_grant(check_random(&seed) % 300, check_random(&seed) % 6, 1)
                         : check_random(&seed);
        if (check_random(&seed) % 2 == 0) *ring.grant = *ring.used;
        int is = check_random(&seed) % 2 == 0
                     ? rf_record_peek(&region, &ring, &record, bytes)
                     : rf_record_reserve(&region, &ring, (uint32_t)check_random(&seed) % 70000, &header, bytes);
        if (is != 1) continue;
        found++;
        for (int piece = 0; piece < 2; piece++) {
            const uint8_t *at = bytes[piece].iov_base;
            if (bytes[piece].iov_len == 0) continue;
            if (at < region.pool || bytes[piece].iov_len > region.pool_bytes ||
                at > region.pool + region.pool_bytes - bytes[piece].iov_len)
                outside++;
        }
    }
    check(outside == 0 && found > rounds / 50, "no piece of a datagram leaves the pool, whatever the words say",
          "%ld outside, %ld of %ld found", outside, found, rounds);
    close_region();
}

struct flow {
    uint64_t datagrams;
    _Atomic bool stop;
};

static void *produce_all(void *argument) {
    struct flow *flow = argument;
    uint64_t seed = 7;
    for (uint64_t number = 0; number < flow->datagrams && !flow->stop;) {
        uint32_t length = (uint32_t)(check_random(&seed) % 3000);
        while (!put(number, length) && !flow->stop) sched_yield();
        number++;
    }
    return NULL;
}

static void two_threads(void) {
    struct flow flow = {.datagrams = (uint64_t)check_rounds(100000)};
    pthread_t producer;
    uint64_t seed = 7, number = 0;
    int64_t length = -1;
    open_region(2);
    check_need(pthread_create(&producer, NULL, produce_all, &flow) == 0, "a thread");
    while (number < flow.datagrams) {
        length = get(number);
        if (length == -1) {
            sched_yield();
            continue;
        }
        if (length != (int64_t)(check_random(&seed) % 3000)) break;
        number++;
    }
    flow.stop = true;
    pthread_join(producer, NULL);
    check(number == flow.datagrams, "two threads pass every datagram, whole and in order",
          "number %llu has length %lld", (unsigned long long)number, (long long)length);
    close_region();
}

int main(int argc, char **argv) {
    check_start(argc, argv, 120);
    sizes();
    wrapping();
    counters();
    grants();
    blocking();
    impossible();
    hostile_words();
    two_threads();
    return check_end();
}
