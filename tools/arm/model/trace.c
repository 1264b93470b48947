// A plugin for qemu that writes which blocks of instructions of a program are executed, in order; not those of libraries.
//
//   -plugin trace.so,blocks=FILE,order=FILE
//
// blocks: a line for each block, its instructions as hexadecimal words. order: for each execution, the number of the block's line,
// in 32 bits.
//
// Debian packages no header for plugins: these are the declarations of version 1 of the interface that it needs.
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned int, void *), enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_start_code(void);
uint64_t qemu_plugin_end_code(void);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

static FILE *blocks, *order;
static uintptr_t block_count;

static void executed(unsigned int processor, void *number) {
    (void)processor;
    const uint32_t written = (uint32_t)(uintptr_t)number;
    fwrite(&written, sizeof written, 1, order);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    const uint64_t address = qemu_plugin_tb_vaddr(block);
    if (address < qemu_plugin_start_code() || address >= qemu_plugin_end_code()) return;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(block); index++) {
        uint32_t word;
        memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, index)), sizeof word);
        fprintf(blocks, index == 0 ? "%08" PRIx32 : " %08" PRIx32, word);
    }
    fputc('\n', blocks);
    qemu_plugin_register_vcpu_tb_exec_cb(block, executed, QEMU_PLUGIN_CB_NO_REGS, (void *)block_count++);
}

static void ended(qemu_plugin_id_t id, void *data) {
    (void)id, (void)data;
    fclose(blocks);
    fclose(order);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int index = 0; index < argc; index++) {
        if (strncmp(argv[index], "blocks=", 7) == 0) blocks = fopen(argv[index] + 7, "w");
        if (strncmp(argv[index], "order=", 6) == 0) order = fopen(argv[index] + 6, "wb");
    }
    if (!blocks || !order) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
