"""Says hello with version 99; prints the error and the version of the answer."""
import sys

from peer import greet

_, version, error, _, descriptors = greet(sys.argv[1], "future", 99)
print(f"error {error} version {version} descriptors {len(descriptors)}", flush=True)
