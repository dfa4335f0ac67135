/** Calls on sockets as they pass the gateway, and their translation between application binary interfaces. */
@org.osgi.annotation.versioning.Version("1.0.0")
package org.ringfence.api.call;
