/* Locks in a region: glibc's robust, process-shared mutexes, so that the death of a holder at any
 * instruction is noticed by the next one to come. They protect application processes from each
 * other and nothing else: the gateway and the INS never take one. */
#include <errno.h>

#include "region.h"

void rf_lock_init(pthread_mutex_t *lock) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

bool rf_lock(pthread_mutex_t *lock) {
    if (pthread_mutex_lock(lock) != EOWNERDEAD) return false;
    pthread_mutex_consistent(lock);
    return true;
}

int rf_trylock(pthread_mutex_t *lock) {
    int error = pthread_mutex_trylock(lock);
    if (error != EOWNERDEAD) return error;
    pthread_mutex_consistent(lock);
    return 0;
}

void rf_unlock(pthread_mutex_t *lock) { pthread_mutex_unlock(lock); }
