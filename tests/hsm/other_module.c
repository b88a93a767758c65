/* A PKCS#11 module that is REAL_MODULE, but for what MODE says of AES-GCM:
   NO_GCM: it is not offered. NOTHING: and no other mechanism. TOKEN_IV: the token writes an IV of its
   own over zeros, and takes no other. ZERO_IV: it takes zeros and leaves them. CARELESS: the
   associated data is not looked at. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum mode { NO_GCM, NOTHING, TOKEN_IV, ZERO_IV, CARELESS };
typedef unsigned long word;
typedef word (*function)(void);
/* Layout of CK_FUNCTION_LIST (PKCS#11 2.40 §3.6): a version, then 68 functions. */
struct list { unsigned char version[2]; function functions[68]; };
enum { GET_MECHANISM_INFO = 8, ENCRYPT_INIT = 29, DECRYPT_INIT = 33 };
enum { AES_GCM = 0x1087, MECHANISM_INVALID = 0x70, MECHANISM_PARAM_INVALID = 0x71 };
struct mechanism { word type; void *parameter; word length; };
struct gcm { unsigned char *iv; word iv_length, iv_bits; void *aad; word aad_length, tag_bits; };
typedef word (*mechanism_info)(word, word, void *);
typedef word (*cipher_init)(word, struct mechanism *, word);

static struct list ours;
static mechanism_info real_info;
static cipher_init real_encrypt, real_decrypt;

static word info(word slot, word type, void *out) {
    if (MODE == NOTHING || (MODE == NO_GCM && type == AES_GCM)) return MECHANISM_INVALID;
    return real_info(slot, type, out);
}

static word encrypt_init(word session, struct mechanism *mechanism, word key) {
    static const unsigned char zeros[12];
    if (mechanism->type != AES_GCM) return real_encrypt(session, mechanism, key);
    struct gcm gcm = *(struct gcm *)mechanism->parameter;
    struct mechanism inner = { AES_GCM, &gcm, sizeof gcm };
    if (MODE == TOKEN_IV || MODE == ZERO_IV) {
        if (memcmp(gcm.iv, zeros, sizeof zeros)) return MECHANISM_PARAM_INVALID;
        if (MODE == TOKEN_IV && getrandom(gcm.iv, gcm.iv_length, 0) < 0) return 5;
    }
    if (MODE == CARELESS) gcm.aad_length = 0;
    return real_encrypt(session, &inner, key);
}

static word decrypt_init(word session, struct mechanism *mechanism, word key) {
    if (MODE != CARELESS || mechanism->type != AES_GCM) return real_decrypt(session, mechanism, key);
    struct gcm gcm = *(struct gcm *)mechanism->parameter;
    struct mechanism inner = { AES_GCM, &gcm, sizeof gcm };
    gcm.aad_length = 0;
    return real_decrypt(session, &inner, key);
}

word C_GetFunctionList(struct list **out) {
    struct list *theirs;
    void *library = dlopen(REAL_MODULE, RTLD_NOW);
    word (*get)(struct list **) =
        library ? (word (*)(struct list **))dlsym(library, "C_GetFunctionList") : NULL;
    if (!get || get(&theirs)) return 5;
    ours = *theirs;
    real_info = (mechanism_info)ours.functions[GET_MECHANISM_INFO];
    real_encrypt = (cipher_init)ours.functions[ENCRYPT_INIT];
    real_decrypt = (cipher_init)ours.functions[DECRYPT_INIT];
    ours.functions[GET_MECHANISM_INFO] = (function)info;
    ours.functions[ENCRYPT_INIT] = (function)encrypt_init;
    ours.functions[DECRYPT_INIT] = (function)decrypt_init;
    *out = &ours;
    return 0;
}
