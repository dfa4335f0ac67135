/** Exchanges bundles: by command, and when a jar was put beside the one it is a version of. */
package org.ringfence.gateway.swap;
