/** How commands write: tables for people, JSON for scripts, units for both. */
package org.ringfence.shell.text;
