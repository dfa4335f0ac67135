/* Who is served first where many have something to say at the same moment. */
#include <signal.h>
#include <sys/wait.h>

#include "frontend.h"

#define MANY 600u /* events come in portions of 128 */
#define ONE MANY
#define LISTENER (MANY + 1)

static struct frontend f;
static int peers[MANY + 1];

/* A peer's socket, accepted by the INS into a slot that has a ring for it. */
static int connected(uint32_t slot, uint16_t port) {
    frontend_grant(&f, slot, 0);
    uint32_t cell = frontend_post_accept(&f, LISTENER, slot);
    int s = plain_connect(AF_INET, port);
    check_need(s >= 0 && frontend_answer(&f, cell).error == 0, "a connection");
    return s;
}

static void say(uint32_t slot) { check_need(write(peers[slot], "x", 1) == 1, "a byte"); }

static void hear(uint32_t slot) {
    char byte;
    check_need(frontend_receive(&f, slot, &byte, 1) == 1, "the byte");
}

static bool told(uint32_t slot) {
    struct rf_ring ring = rf_in_ring(frontend_slot(&f, slot));
    return rf_available(&ring) == 1;
}

/* All have a byte for the INS at the same moment, the one last. How many of the others it takes before that one's. */
static uint32_t before_the_one(void) {
    int status;
    check_need(kill(f.ins, SIGSTOP) == 0 && waitpid(f.ins, &status, WUNTRACED) == f.ins, "a stopped INS");
    for (uint32_t slot = 0; slot <= ONE; slot++) say(slot);
    kill(f.ins, SIGCONT);
    uint64_t stamp = 0;
    uint32_t before = 0;
    check_need(FRONTEND_WAIT(&f, told(ONE)), "the one's byte");
    stamp = atomic_load(&frontend_slot(&f, ONE)->in_stamp);
    for (uint32_t slot = 0; slot < MANY; slot++) {
        check_need(FRONTEND_WAIT(&f, told(slot)), "each byte");
        before += atomic_load(&frontend_slot(&f, slot)->in_stamp) < stamp;
    }
    for (uint32_t slot = 0; slot <= ONE; slot++) hear(slot);
    return before;
}

static void answer(uint32_t slot) {
    char byte;
    check_need(frontend_send(&f, slot, "y", 1) == 1 && read(peers[slot], &byte, 1) == 1, "an answer");
}

int main(int argc, char **argv) {
    check_start(argc, argv, 60);
    frontend_start(&f, (const char *const[]){NULL});
    uint16_t port = frontend_listen(&f, LISTENER, AF_INET, 8);
    for (uint32_t slot = 0; slot <= ONE; slot++) peers[slot] = connected(slot, port);
    for (int said = 0; said < 4; said++) {
        for (uint32_t slot = 0; slot < MANY; slot++) say(slot);
        for (uint32_t slot = 0; slot < MANY; slot++) hear(slot);
    }
    uint32_t before = before_the_one();
    check(before <= MANY / 4, "who says something for the first time need not wait for those who have had no answer for long", "%u of %u came first",
          before, MANY);
    for (uint32_t slot = 0; slot < MANY; slot++) answer(slot);
    before = before_the_one();
    check(before >= MANY / 2, "who was answered is none of them", "%u of %u came first", before, MANY);
    for (uint32_t slot = 0; slot <= ONE; slot++) close(peers[slot]);
    check(frontend_stop(&f) == 0, "the INS ends well", "it did not");
    return check_end();
}
