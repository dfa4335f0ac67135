/** What a defence policy sees and answers. */
@org.osgi.annotation.versioning.Version("1.4.0")
package org.ringfence.api.policy;
