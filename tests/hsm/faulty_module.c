/* A PKCS#11 module that is REAL_MODULE, but for C_Decrypt and C_DestroyObject: they do what FAULT_FILE
   says, and work if there is no such file. The first: "crash", "hang", or "linger" (it takes that file
   away after three seconds, and then works). The second: "keep" (it refuses), "pretend" (it says that it
   has done it), or "die" (it crashes when it has done it). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long (*function)(void);
/* Layout of CK_FUNCTION_LIST (PKCS#11 2.40 §3.6): a version, then 68 functions. */
struct list { unsigned char version[2]; function functions[68]; };
enum { C_DESTROY_OBJECT = 22, C_DECRYPT = 34 };
enum { ACTION_PROHIBITED = 0x1b };
typedef unsigned long (*decrypt)(unsigned long, void *, unsigned long, void *, unsigned long *);

typedef unsigned long (*destroy)(unsigned long, unsigned long);

static struct list ours;
static decrypt real;
static destroy real_destroy;

static void read_fault(char fault[16]) {
    FILE *file = fopen(FAULT_FILE, "r");
    fault[0] = 0;
    if (file) { if (!fgets(fault, 16, file)) fault[0] = 0; fclose(file); }
}

static unsigned long faulty_destroy(unsigned long session, unsigned long object) {
    char fault[16];
    read_fault(fault);
    if (!strncmp(fault, "keep", 4)) return ACTION_PROHIBITED;
    if (!strncmp(fault, "pretend", 7)) return 0;
    unsigned long answer = real_destroy(session, object);
    if (!strncmp(fault, "die", 3)) abort();
    return answer;
}

static unsigned long faulty(unsigned long s, void *a, unsigned long b, void *c, unsigned long *d) {
    char fault[16];
    read_fault(fault);
    if (!strncmp(fault, "crash", 5)) abort();
    if (!strncmp(fault, "hang", 4)) for (;;) pause();
    if (!strncmp(fault, "linger", 6)) {
        fclose(fopen(FAULT_FILE ".begun", "w"));
        sleep(3);
        unlink(FAULT_FILE);
    }
    return real(s, a, b, c, d);
}

unsigned long C_GetFunctionList(struct list **out) {
    struct list *theirs;
    void *library = dlopen(REAL_MODULE, RTLD_NOW);
    unsigned long (*get)(struct list **) =
        library ? (unsigned long (*)(struct list **))dlsym(library, "C_GetFunctionList") : NULL;
    if (!get || get(&theirs)) return 5;
    ours = *theirs;
    real = (decrypt)ours.functions[C_DECRYPT];
    ours.functions[C_DECRYPT] = (function)faulty;
    real_destroy = (destroy)ours.functions[C_DESTROY_OBJECT];
    ours.functions[C_DESTROY_OBJECT] = (function)faulty_destroy;
    *out = &ours;
    return 0;
}
