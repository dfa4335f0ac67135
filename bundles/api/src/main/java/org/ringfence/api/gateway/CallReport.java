package org.ringfence.api.gateway;

/**
 * A call as the gateway saw it.
 *
 * @param sequence counts all calls of a gateway from 1
 * @param application name of the application
 * @param slot of the application's region
 * @param call the call and its arguments, as {@code bind([::]:80)}
 * @param result "0", a value, or the name of an errno
 * @param microseconds from the gateway taking the call to its answering it
 */
public record CallReport(long sequence, String application, int slot, String call, String result, long microseconds) {
}
