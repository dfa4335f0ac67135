/** The program behind {@code ./ringfence shell}: plain Java, started outside the framework. */
package org.ringfence.shell.client;
