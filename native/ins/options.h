/*
 * options.h - the socket options that a stack takes: rows of option_numbers.h, which is made from options.tsv.
 */
#ifndef RINGFENCE_INS_OPTIONS_H
#define RINGFENCE_INS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Numbers are the stack's. */
struct listed_option {
    int level, name;
    bool set, get;
};
#define OPTION_ROW(level, name, set, get) {level, name, set, get},

/* True if the option is among those that are known, and can be set, or read if not `setting`. */
static inline bool option_is_listed(const struct listed_option *known, size_t count, int level, int name, bool setting) {
    for (size_t i = 0; i < count; i++)
        if (known[i].level == level && known[i].name == name) return setting ? known[i].set : known[i].get;
    return false;
}

#endif
