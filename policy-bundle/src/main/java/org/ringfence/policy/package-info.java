/** The policy chain and the built-in policies, described in {@code docs/policies.md}. */
package org.ringfence.policy;
