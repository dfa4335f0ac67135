/* Looks at the head of a program's file. */
#include "reach.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attach.h"
#include "table.h"

/* What a linker writes at the front: the header, and the program headers behind it. */
#define HEAD 1024

static const Elf64_Phdr *find(const Elf64_Ehdr *elf, uint32_t type) {
    const Elf64_Phdr *segments = (const void *)((const char *)elf + elf->e_phoff);
    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (segments[i].p_type == type) return &segments[i];
    return NULL;
}

/* True if the dynamic section says that the file is a program, and no library: ld.so has no loader either, and preloads. */
static bool is_program(int fd, const Elf64_Phdr *dynamic) {
    Elf64_Dyn entries[32];
    size_t bytes = dynamic->p_filesz < sizeof entries ? dynamic->p_filesz : sizeof entries;
    long got = syscall(SYS_pread64, fd, entries, bytes, dynamic->p_offset);
    for (long i = 0; i < got / (long)sizeof *entries; i++)
        if (entries[i].d_tag == DT_FLAGS_1) return (entries[i].d_un.d_val & DF_1_PIE) != 0;
    return false;
}

/* What stands at the front of a file. */
struct head {
    _Alignas(Elf64_Ehdr) char bytes[HEAD];
    long length;
};

static bool is_script(const struct head *head) { return head->length > 2 && memcmp(head->bytes, "#!", 2) == 0; }

/* A 64-bit program without a loader. Fills `head`, a string. */
static bool is_static(int fd, struct head *head) {
    const Elf64_Ehdr *elf = (const void *)head->bytes;
    long got = head->length = syscall(SYS_read, fd, head->bytes, HEAD - 1);
    head->bytes[got > 0 ? got : 0] = '\0';
    if (got < (long)sizeof *elf || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    if (elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phoff > (uint64_t)got ||
        elf->e_phnum * sizeof(Elf64_Phdr) > (uint64_t)got - elf->e_phoff || find(elf, PT_INTERP) != NULL)
        return false;
    const Elf64_Phdr *dynamic = find(elf, PT_DYNAMIC);
    return elf->e_type == ET_EXEC || (elf->e_type == ET_DYN && dynamic != NULL && is_program(fd, dynamic));
}

static int open_program(const char *path) { return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY); }

static int open_searched(const char *file) {
    char path[PATH_MAX];
    const char *at = getenv("PATH");
    size_t length = strlen(file);
    for (const char *end; at != NULL; at = *end != '\0' ? end + 1 : NULL) {
        end = strchrnul(at, ':');
        size_t directory = (size_t)(end - at);
        if (directory + length + 2 > sizeof path) continue;
        memcpy(path, at, directory);
        if (directory != 0) path[directory++] = '/';
        memcpy(path + directory, file, length + 1);
        if (syscall(SYS_access, path, X_OK) == 0) return open_program(path);
    }
    return -1;
}

static void tell(const char *file) {
    static const char before[] = "ringfence: '", behind[] = "' is statically linked: the shim cannot be preloaded into it, so it is not behind the gateway\n";
    struct iovec line[] = {{(void *)before, sizeof before - 1}, {(void *)file, strlen(file)}, {(void *)behind, sizeof behind - 1}};
    /* A socket in a region is no place for it. */
    if (table_get(STDERR_FILENO) == RF_ENTRY_NONE) syscall(SYS_writev, STDERR_FILENO, line, 3);
}

void reach_look(const char *file, int searched) {
    struct head head, other;
    if (!attachment_configured()) return;
    int kept = errno;
    int fd = searched && strchr(file, '/') == NULL ? open_searched(file) : open_program(file);
    bool is = fd >= 0 && is_static(fd, &head);
    if (fd >= 0) syscall(SYS_close, fd);
    if (fd >= 0 && is_script(&head)) {
        char *interpreter = head.bytes + 2 + strspn(head.bytes + 2, " \t");
        interpreter[strcspn(interpreter, " \t\n")] = '\0';
        fd = open_program(file = interpreter);
        is = fd >= 0 && is_static(fd, &other);
        if (fd >= 0) syscall(SYS_close, fd);
    }
    if (is) tell(file);
    errno = kept;
}
