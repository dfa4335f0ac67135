/** Configuration as the bundles describe it: reading, checking and changing it. */
package org.ringfence.shell.configuration;
