/** MBeans of gateway, rings, INSs and policies. Read only. */
package org.ringfence.management.jmx;
