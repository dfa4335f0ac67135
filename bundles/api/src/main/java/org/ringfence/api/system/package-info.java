/** Shared memory and the system calls of an event loop: what needs native code, behind interfaces. */
@org.osgi.annotation.versioning.Version("1.3.0")
package org.ringfence.api.system;
