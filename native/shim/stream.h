/*
 * stream.h - the streams of stdio on sockets in a region. libc reads and writes a stream's descriptor by itself; so
 * the stream of a socket is one of fopencookie(), whose functions are the shim's read() and write(), and fileno()
 * answers the descriptor all the same.
 */
#ifndef RINGFENCE_SHIM_STREAM_H
#define RINGFENCE_SHIM_STREAM_H

/* The descriptor has become a socket in a region. If it is 0, 1 or 2, stdin, stdout or stderr becomes a stream that
 * reads or writes it as the shim does, whatever it is from then on; what the former stream had in its buffer goes over.
 * Keeps errno. */
void stream_standard(int fd);

#endif
