/** Regions from the gateway's side: slots, calls, answers and the flow of bytes between two regions. */
@org.osgi.annotation.versioning.Version("1.2.0")
package org.ringfence.api.transport;
