/*
 * A ROM of 64 KiB in place of the BIOS: enters a guest image that QEMU has put into memory, at once and with nothing
 * around it. What happens from reset to `hlt` is then the same in every run, to the insn; count.mjs relies on that.
 */
        .include "lib/qemu/enter.inc"

        .code16
        .section .text.start, "ax"
        .globl  _start
_start: enter   0xf000

/* Filled in by make-disk.mjs. */
        .org    0x1f4
load:   .long   0
        .word   0
bits:   .byte   0
paged:  .byte   0

        .org    0xfff0                  /* where the processor begins */
        .code16
        ljmp    $0xf000, $0
        .org    0x10000

        .section .note.GNU-stack, "", @progbits
