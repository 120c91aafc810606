#define _GNU_SOURCE
#include "CLaunch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

typedef struct {
    int stage;
    int error;
} launch_failure;

static _Noreturn void report(int pipe_end, claunch_stage stage, int error) {
    launch_failure failure = {stage, error};
    ssize_t written;
    do {
        written = write(pipe_end, &failure, sizeof failure);
    } while (written < 0 && errno == EINTR);
    _exit(127);
}

static int mark_all_close_on_exec(void) {
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL) return errno;
    // Kernels before 5.11: one by one.
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
    rlim_t last = limit.rlim_cur > 1048576 ? 1048576 : limit.rlim_cur;
    for (rlim_t descriptor = 3; descriptor < last; descriptor++) {
        int flags = fcntl((int)descriptor, F_GETFD);
        if (flags >= 0) fcntl((int)descriptor, F_SETFD, flags | FD_CLOEXEC);
    }
    return 0;
}

static void reset_signals(void) {
    // The system call itself, because the C library refuses the two signals it keeps for its threads, and those stay
    // ignored through exec if an ancestor ignored them. All zero: default action, no flags, empty mask.
    unsigned long standard[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, standard, NULL, 8UL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const claunch_request *request, pid_t parent, int pipe_end) {
    // Sources move above every target first, so that no target overwrites a source that is still needed.
    int lowest_free = 3;
    for (int i = 0; i < request->descriptor_count; i++) {
        if (request->target_descriptors[i] >= lowest_free) lowest_free = request->target_descriptors[i] + 1;
    }
    int moved_pipe = fcntl(pipe_end, F_DUPFD_CLOEXEC, lowest_free);
    if (moved_pipe < 0) report(pipe_end, CLAUNCH_DESCRIPTORS, errno);
    pipe_end = moved_pipe;
    int executable = request->executable_descriptor;
    if (executable >= 0) {
        executable = fcntl(executable, F_DUPFD_CLOEXEC, lowest_free);
        if (executable < 0) report(pipe_end, CLAUNCH_EXECUTE, errno);
    }
    int sources[CLAUNCH_MAXIMUM_DESCRIPTORS];
    for (int i = 0; i < request->descriptor_count; i++) {
        sources[i] = fcntl(request->source_descriptors[i], F_DUPFD_CLOEXEC, lowest_free);
        if (sources[i] < 0) report(pipe_end, CLAUNCH_DESCRIPTORS, errno);
    }
    int error = mark_all_close_on_exec();
    if (error != 0) report(pipe_end, CLAUNCH_DESCRIPTORS, error);
    for (int i = 0; i < request->descriptor_count; i++) {
        if (dup2(sources[i], request->target_descriptors[i]) < 0) report(pipe_end, CLAUNCH_DESCRIPTORS, errno);
    }

    if (request->group == CLAUNCH_GROUP_OWN && setpgid(0, 0) != 0) report(pipe_end, CLAUNCH_GROUP, errno);
    if (request->group == CLAUNCH_GROUP_OWN_SESSION && setsid() < 0) report(pipe_end, CLAUNCH_GROUP, errno);
    if (request->parent_death_signal != 0) {
        if (prctl(PR_SET_PDEATHSIG, request->parent_death_signal, 0, 0, 0) != 0) {
            report(pipe_end, CLAUNCH_PARENT_DEATH, errno);
        }
        // The parent may have died before the request was in force.
        if (getppid() != parent) report(pipe_end, CLAUNCH_PARENT_DEATH, ESRCH);
    }
    if (request->working_directory != NULL && chdir(request->working_directory) != 0) {
        report(pipe_end, CLAUNCH_WORKING_DIRECTORY, errno);
    }
    reset_signals();
    if (executable >= 0) {
        syscall(SYS_execveat, executable, "", request->arguments, request->environment, AT_EMPTY_PATH);
    } else {
        execve(request->path, request->arguments, request->environment);
    }
    report(pipe_end, CLAUNCH_EXECUTE, errno);
}

int claunch_start(const claunch_request *request, pid_t *pid, claunch_stage *stage) {
    *stage = CLAUNCH_RESOURCES;
    *pid = -1;
    if (request->descriptor_count < 0 || request->descriptor_count > CLAUNCH_MAXIMUM_DESCRIPTORS) return EINVAL;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;

    // No handler of the parent may run in the child before it is reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    int fork_error = errno;
    if (child == 0) become(request, parent, ends[1]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return fork_error;
    }
    launch_failure failure;
    ssize_t got;
    do {
        got = read(ends[0], &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    close(ends[0]);
    if (got == (ssize_t)sizeof failure) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        *stage = (claunch_stage)failure.stage;
        return failure.error != 0 ? failure.error : EIO;
    }
    // End of file: exec closed the pipe, or the child was killed before it; waiting for it tells which.
    *stage = CLAUNCH_OK;
    *pid = child;
    return 0;
}

int claunch_output_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    int flags = fcntl(ends[0], F_GETFL);
    if (flags < 0 || fcntl(ends[0], F_SETFL, flags | O_NONBLOCK) != 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int claunch_process_descriptor(pid_t pid) {
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0U);
#else
    errno = ENOSYS;
    return -1;
#endif
}

int claunch_has_ended(pid_t pid) {
    siginfo_t information;
    information.si_pid = 0;
    int result;
    do {
        result = waitid(P_PID, (id_t)pid, &information, WEXITED | WNOHANG | WNOWAIT);
    } while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    return information.si_pid == pid ? 1 : 0;
}

int claunch_reap(pid_t pid, int *code, int *signalled) {
    int status = 0;
    pid_t result;
    do {
        result = waitpid(pid, &status, 0);
    } while (result < 0 && errno == EINTR);
    if (result != pid) return errno;
    *signalled = WIFSIGNALED(status) ? 1 : 0;
    *code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

int claunch_sealed_file(const char *name, const void *bytes, size_t count, int *descriptor) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return errno;
    size_t written = 0;
    while (written < count) {
        ssize_t part = write(file, (const char *)bytes + written, count - written);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) {
            int error = errno;
            close(file);
            return error;
        }
        written += (size_t)part;
    }
    if (fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        int error = errno;
        close(file);
        return error;
    }
    *descriptor = file;
    return 0;
}
