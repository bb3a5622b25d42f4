/*
 * Writes 0, 1 and 2 as words to port 0x10 and halts: the guest of the well-known "a VMM in a hundred lines" KVM
 * tutorials. Port 0x10 is nobody's, so each write is an exit for the caller of run() to look at.
 */
        .section .text.start, "ax"
        .code16
        .globl  _start
_start:
        xorw    %ax, %ax
        outw    %ax, $0x10
        incw    %ax
        outw    %ax, $0x10
        incw    %ax
        outw    %ax, $0x10
        hlt

        .section .note.GNU-stack, "", @progbits
