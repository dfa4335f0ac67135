package org.ringfence.api.transport;

/** Which of a slot's data rings. */
public enum Direction {
    /** Towards the application. */
    IN,
    /** Towards the network. */
    OUT
}
