/*
 * Prints "Hello\n" on port 0xf1, a byte at a time, and halts: 25 bytes, which mean the same in 16-bit and in
 * 32-bit code. The smallest guest there is.
 */
        .section .text.start, "ax"
        .code16
        .globl  _start
_start:
        movb    $'H', %al
        outb    %al, $0xf1
        movb    $'e', %al
        outb    %al, $0xf1
        movb    $'l', %al
        outb    %al, $0xf1
        movb    $'l', %al
        outb    %al, $0xf1
        movb    $'o', %al
        outb    %al, $0xf1
        movb    $'\n', %al
        outb    %al, $0xf1
        hlt

        .section .note.GNU-stack, "", @progbits
