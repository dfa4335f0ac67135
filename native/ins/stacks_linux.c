/* STACK=linux. */
#include "stack.h"

const struct rf_stack *const rf_stacks[] = {&rf_stack_linux, NULL};
const bool rf_stacks_have_threads = false;
