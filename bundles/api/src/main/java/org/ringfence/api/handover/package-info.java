/** What one version of a bundle gives to the next while the gateway runs: state in plain values, and the trial of a newcomer. */
@org.osgi.annotation.versioning.Version("1.1.0")
package org.ringfence.api.handover;
