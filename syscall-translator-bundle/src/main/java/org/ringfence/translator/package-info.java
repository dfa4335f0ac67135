/**
 * Translation of calls on sockets: validation in the application's ABI (Linux x86-64) and rewriting for a network stack
 * that speaks Linux or NetBSD. Described in {@code docs/translation.md}.
 */
package org.ringfence.translator;
