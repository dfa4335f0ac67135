/* Records and plain sockets of datagrams, for the tests of an INS. */
#include "frontend_datagrams.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

void frontend_datagrams(struct frontend *f, uint32_t slot, int family) {
    frontend_grant(f, slot, RF_DATAGRAM_ORDER);
    struct answer made = frontend_call(f, RF_OP_SOCKET, slot, family, SOCK_DGRAM, 0, NULL, 0);
    errno = made.error;
    check_need(made.error == 0, "SOCKET");
}

uint16_t frontend_bind(struct frontend *f, uint32_t slot, int family) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, 0, &length);
    struct answer bound = frontend_call(f, RF_OP_BIND, slot, 0, 0, 0, &address, length);
    errno = bound.error;
    check_need(bound.error == 0, "BIND");
    struct sockaddr_in in;
    memcpy(&in, bound.payload, sizeof in);
    return ntohs(in.sin_port);
}

bool frontend_put_record(struct frontend *f, uint32_t slot, const struct rf_record *header, const void *bytes,
                         uint32_t length) {
    struct rf_ring ring = rf_out_ring(frontend_slot(f, slot));
    struct rf_record *place;
    struct iovec pieces[2];
    if (rf_record_reserve(&f->region, &ring, length, &place, pieces) != 1) return false;
    if (header != NULL) *place = *header;
    if (pieces[0].iov_len != 0) memcpy(pieces[0].iov_base, bytes, pieces[0].iov_len);
    if (pieces[1].iov_len != 0)
        memcpy(pieces[1].iov_base, (const char *)bytes + pieces[0].iov_len, pieces[1].iov_len);
    rf_record_commit(&ring, place, length);
    return true;
}

bool frontend_send_record(struct frontend *f, uint32_t slot, const struct rf_record *header, const void *bytes,
                          uint32_t length) {
    struct rf_slot *s = frontend_slot(f, slot);
    struct rf_ring ring = rf_out_ring(s);
    while (!frontend_put_record(f, slot, header, bytes, length)) {
        if (!rf_record_block(&f->region, &ring, length, &s->out_blocked)) continue;
        if (!FRONTEND_WAIT(f, atomic_load(&s->out_blocked) == 0)) return false;
    }
    frontend_tell(f, slot);
    return true;
}

int64_t frontend_receive_record(struct frontend *f, uint32_t slot, struct rf_record *header, void *bytes) {
    struct rf_slot *s = frontend_slot(f, slot);
    struct rf_ring ring = rf_in_ring(s);
    struct iovec pieces[2];
    if (!FRONTEND_WAIT(f, rf_available(&ring) != 0)) return -1;
    check_need(rf_record_peek(&f->region, &ring, header, pieces) == 1, "a possible in ring");
    if (pieces[0].iov_len != 0) memcpy(bytes, pieces[0].iov_base, pieces[0].iov_len);
    if (pieces[1].iov_len != 0) memcpy((char *)bytes + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
    rf_record_consume(&ring, header);
    if (rf_unblock(&s->in_blocked)) frontend_tell(f, slot);
    return header->length;
}

struct rf_record frontend_record_to(int family, uint16_t port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, port, &length);
    struct rf_record record = {.name.length = length};
    memcpy(record.name.address, &address, length);
    return record;
}

int frontend_take_error(struct frontend *f, uint32_t slot) {
    struct rf_slot *s = frontend_slot(f, slot);
    uint32_t taken = atomic_load(&s->error_taken);
    if (!FRONTEND_WAIT(f, (atomic_load(&s->error) & 0xffff) != 0 && atomic_load(&s->error) >> 16 != taken)) return -1;
    uint32_t error = atomic_load(&s->error);
    atomic_store(&s->error_taken, error >> 16);
    return (int)(error & 0xffff);
}

int plain_datagrams(int family, uint16_t *port) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(family, 0, &length);
    struct timeval patience = {.tv_sec = FRONTEND_PATIENCE / 1000};
    int s = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check_need(s >= 0 && bind(s, (struct sockaddr *)&address, length) == 0 &&
                   getsockname(s, (struct sockaddr *)&address, &length) == 0 &&
                   setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0,
               "a plain socket");
    *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return s;
}

bool plain_send(int s, int family, uint16_t port, const void *bytes, size_t length) {
    socklen_t size;
    struct sockaddr_storage to = plain_address(family, port, &size);
    return sendto(s, bytes, length, 0, (struct sockaddr *)&to, size) == (ssize_t)length;
}

bool plain_has_ipv6(void) {
    socklen_t length;
    struct sockaddr_storage address = plain_address(AF_INET6, 0, &length);
    int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool has = s >= 0 && bind(s, (struct sockaddr *)&address, length) == 0;
    if (s >= 0) close(s);
    return has;
}
