/* STACK=netbsd-on-linux and rumprun. */
#include "stack.h"

const struct rf_stack *const rf_stacks[] = {&rf_stack_netbsd, NULL};
const bool rf_stacks_have_threads = false;
