/* The constructor: what has to happen before the program's main(). */
#include "attach.h"
#include "inherit.h"
#include "own_calls.h"
#include "real.h"
#include "table.h"
#include "watch.h"

__attribute__((constructor)) static void start(void) {
    real_resolve();
    attachment_configure();
    if (!attachment_configured()) return;
    process_record();
    watch_prepare();
    attachment_inherit();
    inherit_across_exec();
    own_calls_begin();
}
