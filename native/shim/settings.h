/*
 * settings.h - where a program learns of its gateway: from its environment, or, where that says nothing, from a comment in
 * the loader's own list of libraries, which `ringfence run` as root lays over the one of the system, for the launch alone.
 * So it is with programs whose environment nobody could complete.
 */
#ifndef RINGFENCE_SHIM_SETTINGS_H
#define RINGFENCE_SHIM_SETTINGS_H

/* RINGFENCE_ATTACH, RINGFENCE_LAUNCH and RINGFENCE_NAME; NULL for what is not set. Of a set-user-ID program only the list
 * counts: its environment is somebody else's. Constructor; what they point to is valid until settings_read() is called again. */
struct settings {
    const char *attach, *launch, *name;
};
struct settings settings_read(void);

#endif
