/* measure REPORT PROGRAM [ARGUMENT...]: runs PROGRAM and writes "WALL CPU MEMORY" to REPORT: microseconds of wall
 * time, microseconds of user and system time, KiB of peak resident memory. Exits as PROGRAM does.
 *
 * In C because the kernel counts the memory of whoever starts a program as the program's own until its exec, so
 * that the starter must be small; and because `time` knows CPU time to 10 ms only. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long micros(long long seconds, long long rest) { return seconds * 1000000 + rest; }

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("measure REPORT PROGRAM [ARGUMENT...]\n", stderr);
        return 125;
    }
    struct timespec began, ended;
    struct rusage used;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &began);
    pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(126);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("measure");
        return 125;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    FILE *report = fopen(argv[1], "w");
    if (report == NULL) {
        perror(argv[1]);
        return 125;
    }
    long long wall = micros(ended.tv_sec - began.tv_sec, 0) + (ended.tv_nsec - began.tv_nsec) / 1000;
    long long cpu = micros(used.ru_utime.tv_sec + used.ru_stime.tv_sec, used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    fprintf(report, "%lld %lld %ld\n", wall, cpu, used.ru_maxrss);
    if (fclose(report) != 0) {
        perror(argv[1]);
        return 125;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
