/* The clock on the wall of one process, for tests: preloaded, it answers what a file says instead of the kernel.
 *
 * The file that MAINSTAY_TEST_CLOCK names holds Unix seconds: what the clock says when the process starts, as one does
 * that nothing has set. Written anew, it is set. It runs on from there; no other clock is touched. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct timespec kernel(clockid_t id) {
    struct timespec now = {0, 0};
    syscall(SYS_clock_gettime, id, &now);
    return now;
}

static struct timespec began;

__attribute__((constructor)) static void begin(void) { began = kernel(CLOCK_MONOTONIC); }

static long long said(void) {
    long long seconds = 0;
    const char *path = getenv("MAINSTAY_TEST_CLOCK");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file == NULL || fscanf(file, "%lld", &seconds) != 1) abort();
    fclose(file);
    return seconds;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) return syscall(SYS_clock_gettime, id, now);
    struct timespec ran = kernel(CLOCK_MONOTONIC);
    now->tv_sec = said() + ran.tv_sec - began.tv_sec;
    now->tv_nsec = ran.tv_nsec;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (out != NULL) *out = exact.tv_sec;
    return exact.tv_sec;
}
