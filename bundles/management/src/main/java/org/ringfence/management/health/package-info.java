/** Health checks of the gateway's parts, for Felix Health Checks. */
package org.ringfence.management.health;
