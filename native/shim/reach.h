/*
 * reach.h - programs that nothing can be preloaded into: they are not behind the gateway, and have no network where
 * they are.
 */
#ifndef RINGFENCE_SHIM_REACH_H
#define RINGFENCE_SHIM_REACH_H

/* The program is about to be executed: one line on stderr if it is statically linked. `file` is sought on the path, as
 * execvp() does, if it names no directory and `searched` is set. Nothing but the stack is written; keeps errno. */
void reach_look(const char *file, int searched);

#endif
