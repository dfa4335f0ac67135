/** The commands of scope {@code ringfence}. Each is a component that names its functions in service properties. */
package org.ringfence.shell.command;
