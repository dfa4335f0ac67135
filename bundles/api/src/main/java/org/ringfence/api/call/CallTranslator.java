package org.ringfence.api.call;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Validates calls in the application's ABI (Linux x86-64) and rewrites them into the ABI of an INS, and answers the same
 * way back. Only known calls and options pass.
 *
 * <p>A service with the property {@value #ABI}. All methods are called on the event loop: they must not block, and must
 * not keep, or allocate for, what they are given. A translator has no state of its own that outlives a call.
 */
@ConsumerType
public interface CallTranslator {
    /** Service property: the ABI of the INS, {@code "linux"} or {@code "netbsd"}. */
    String ABI = "ringfence.abi";

    /** Version of the numbers this translator writes into a {@link CallContext}; grows by one at each change. */
    int contextVersion();

    /**
     * Rewrites a call of the application in place.
     *
     * @param call a checked copy: slot, generation and payload length are valid
     * @param context filled in for {@link #answer}
     * @return 0 to send the call on, or the Linux errno to answer it with
     */
    int call(Call call, CallContext context);

    /** Rewrites the INS's answer in place into the application's ABI. The context may be of an older version. */
    void answer(CallContext context, Answer answer);

    /**
     * Rewrites a socket address of the INS in place into the application's ABI.
     *
     * @param address the bytes, from {@code offset} on 28 of which may be written
     * @param length the address's length in bytes
     * @return its length in the application's ABI; 0 if it is none
     */
    int address(byte[] address, int offset, int length);

    /**
     * Rewrites a socket address of the application in place into the INS's ABI.
     *
     * @param address the bytes, from {@code offset} on 28 of which may be written
     * @param length the address's length in bytes
     * @return its length in the INS's ABI; 0 if it is none of the internet
     */
    int addressToIns(byte[] address, int offset, int length);

    /** The Linux errno of an errno of the INS. */
    int error(int error);
}
