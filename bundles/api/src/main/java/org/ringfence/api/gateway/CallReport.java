package org.ringfence.api.gateway;

/**
 * A call as the gateway saw it.
 *
 * @param sequence counts all calls of a gateway from 1
 * @param completion counts all answers of a gateway from 1; 0 while the call is under way
 * @param epochMicroseconds when the gateway took it, since 1970
 * @param application name of the application
 * @param slot of the application's region
 * @param name of the call, as {@code connect}
 * @param call the call and its arguments in strace's notation, with the slot in the place of the descriptor
 * @param peer address and port of the other end, as {@code 192.0.2.1:80}; empty if the call names none
 * @param error name of the errno, or empty
 * @param result the value returned; meaningless if there is an error
 * @param microseconds from the gateway taking the call to its answering it
 * @param verdict of the policy chain, or empty if it was not asked
 * @param decidedBy name of the policy, or empty
 */
public record CallReport(long sequence, long completion, long epochMicroseconds, String application, int slot, String name, String call,
        String peer, String error, long result, long microseconds, String verdict, String decidedBy) {
    /** True if the call has been answered. */
    public boolean answered() {
        return completion != 0;
    }
}
