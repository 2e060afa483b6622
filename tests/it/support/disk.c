/*
 * Loaded by LD_PRELOAD: intercepts a program's calls to its disk. The file named by USHER_DISK describes the disk: first
 * the milliseconds by which a sync of a file takes longer, then 1 if the disk is full, so that no file can grow.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void ask(long *millis, long *full)
{
    int before = errno;
    char text[32] = "";
    const char *name = getenv("USHER_DISK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    *millis = *full = 0;
    if (file >= 0) {
        ssize_t length = read(file, text, sizeof text - 1);
        char *rest = text;
        if (length > 0) {
            *millis = strtol(rest, &rest, 10);
            *full = strtol(rest, &rest, 10);
        }
        close(file);
    }
    errno = before;
}

static void wait_for_disk(void)
{
    long millis, full;
    ask(&millis, &full);
    struct timespec left = { millis / 1000, millis % 1000 * 1000000 };
    while (millis > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int is_refused(int file, off_t end)
{
    long millis, full;
    struct stat is;
    ask(&millis, &full);
    if (!full || fstat(file, &is) != 0 || !S_ISREG(is.st_mode) || end <= is.st_size)
        return 0;
    errno = ENOSPC;
    return 1;
}

int fsync(int file)
{
    static int (*real)(int);
    if (!real)
        real = dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(file);
}

int fdatasync(int file)
{
    static int (*real)(int);
    if (!real)
        real = dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(file);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real)
        real = dlsym(RTLD_NEXT, "write");
    off_t at = lseek(file, 0, SEEK_CUR);
    if (at >= 0 && is_refused(file, at + (off_t)count))
        return -1;
    return real(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real)
        real = dlsym(RTLD_NEXT, "pwrite");
    return is_refused(file, at + (off_t)count) ? -1 : real(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real)
        real = dlsym(RTLD_NEXT, "pwrite64");
    return is_refused(file, at + (off_t)count) ? -1 : real(file, bytes, count, at);
}
