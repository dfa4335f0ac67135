/** The Gogo shell behind a unix domain socket. */
package org.ringfence.shell.server;
