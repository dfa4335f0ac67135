package org.ringfence.api.gateway;

/**
 * How long the event loop kept everybody waiting, in microseconds: from waking up until it was ready to be woken again.
 *
 * @param what "turns": every turn; "swaps": the longest turn of the 200 ms after each exchange of a service, the exchange included
 * @param count measured since the start, or the last reset
 */
public record PauseReport(String what, long count, long median, long percentile99, long worst) {
}
