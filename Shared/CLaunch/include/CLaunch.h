// Starts one process with exactly the descriptors, environment, group and signal state that were asked for.
//
// Swift may not run between fork and exec, so this part is C. It uses only async-signal-safe calls in the child.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

// Which step of the launch failed; the errno value comes beside it.
typedef enum {
    CLAUNCH_OK = 0,
    CLAUNCH_RESOURCES = 1,          // pipe or fork, in the parent
    CLAUNCH_DESCRIPTORS = 2,        // remapping a descriptor
    CLAUNCH_GROUP = 3,              // setpgid or setsid
    CLAUNCH_PARENT_DEATH = 4,       // PR_SET_PDEATHSIG, or the parent is gone already
    CLAUNCH_WORKING_DIRECTORY = 5,  // chdir
    CLAUNCH_EXECUTE = 6,            // execve or execveat
} claunch_stage;

typedef enum {
    CLAUNCH_GROUP_INHERITED = 0,
    CLAUNCH_GROUP_OWN = 1,
    CLAUNCH_GROUP_OWN_SESSION = 2,
} claunch_group;

typedef struct {
    int executable_descriptor;          // executed when not negative (execveat with AT_EMPTY_PATH), else `path`
    const char *path;                   // no search along PATH
    char *const *arguments;             // null-terminated, arguments[0] included
    char *const *environment;           // null-terminated
    const char *working_directory;      // null: the parent's
    const int *source_descriptors;      // in the parent
    const int *target_descriptors;      // in the child, distinct; everything else is closed on exec
    int descriptor_count;
    claunch_group group;
    int parent_death_signal;            // 0: none; sent when the calling thread ends
} claunch_request;

// Largest number of descriptors one child may be handed.
#define CLAUNCH_MAXIMUM_DESCRIPTORS 64

// Makes a pipe whose ends close on exec and whose read end does not block. Returns 0 or an errno value.
int claunch_output_pipe(int *read_end, int *write_end);

// Returns 0 and the child's pid once it runs the new program, else an errno value with the stage.
int claunch_start(const claunch_request *request, pid_t *pid, claunch_stage *stage);

// A close-on-exec descriptor that polls readable when the process has ended; -1 where the kernel has none.
int claunch_process_descriptor(pid_t pid);

// 1 when the process has ended (it stays a zombie until claunch_reap), 0 when it runs, -1 when it is no child of ours.
int claunch_has_ended(pid_t pid);

// Reaps an ended child. `code` is its exit status, or the signal's number when `signalled` is set to 1.
int claunch_reap(pid_t pid, int *code, int *signalled);

// Makes a close-on-exec memory file with these bytes that nobody can change or resize any more. Returns 0 or an errno value.
int claunch_sealed_file(const char *name, const void *bytes, size_t count, int *descriptor);

#ifdef __cplusplus
}
#endif
