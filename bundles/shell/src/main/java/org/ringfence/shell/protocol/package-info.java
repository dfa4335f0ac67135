/** What the shell's server and its client say to each other on the unix domain socket. */
package org.ringfence.shell.protocol;
