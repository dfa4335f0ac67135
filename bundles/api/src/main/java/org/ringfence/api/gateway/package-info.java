/** What the gateway tells administrators: snapshots of applications, INSs, connections and calls. */
@org.osgi.annotation.versioning.Version("1.1.0")
package org.ringfence.api.gateway;
