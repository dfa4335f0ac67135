/* The stacks of the INS that is part of the project: Linux's, and what stands in for NetBSD's. */
#include "stack.h"

const struct rf_stack *const rf_stacks[] = {&rf_stack_linux, &rf_stack_netbsd, NULL};
const bool rf_stacks_have_threads = false;
