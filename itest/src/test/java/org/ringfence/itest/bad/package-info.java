/** What is in the bad jars of the tests. */
package org.ringfence.itest.bad;
