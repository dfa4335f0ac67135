package org.ringfence.api.policy;

import org.osgi.annotation.versioning.ProviderType;

/** The head of an HTTP/1 request that is complete, and that the application has not seen. Valid during the call it is passed to. */
@ProviderType
public interface Request {
    /** Bytes of the body, or -1 if the head does not say. */
    long contentLength();

    boolean isChunked();

    boolean isHead();

    /** Byte ranges it asks for (RFC 9110, 14.1.2). */
    int ranges();

    /** How many of them overlap one before them. */
    int overlappingRanges();
}
