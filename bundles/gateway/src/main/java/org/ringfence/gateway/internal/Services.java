package org.ringfence.gateway.internal;

import org.ringfence.api.call.CallTranslator;
import org.ringfence.api.policy.PolicyChain;

/**
 * The services that come and go while the gateway runs. The event loop asks for them anew at the beginning of each turn: that is the
 * safe point of a swap.
 */
interface Services {
    /** The translator for an INS's ABI; null while there is none: then calls wait. */
    CallTranslator translator(String abi);

    /** The chain; null while there is none: then nothing is let in. */
    PolicyChain policies();
}
