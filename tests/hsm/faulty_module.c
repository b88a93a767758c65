/* A PKCS#11 module that is REAL_MODULE, but for C_Decrypt: it does what FAULT_FILE says ("crash",
   "hang", or "linger": it takes that
   file away after three seconds, and then works), and works if there is no such file. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long (*function)(void);
/* Layout of CK_FUNCTION_LIST (PKCS#11 2.40 §3.6): a version, then 68 functions. */
struct list { unsigned char version[2]; function functions[68]; };
enum { C_DECRYPT = 34 };
typedef unsigned long (*decrypt)(unsigned long, void *, unsigned long, void *, unsigned long *);

static struct list ours;
static decrypt real;

static unsigned long faulty(unsigned long s, void *a, unsigned long b, void *c, unsigned long *d) {
    char fault[16] = "";
    FILE *file = fopen(FAULT_FILE, "r");
    if (file) { if (!fgets(fault, sizeof fault, file)) fault[0] = 0; fclose(file); }
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
    *out = &ours;
    return 0;
}
