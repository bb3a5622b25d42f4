/*
 * The sieve of Eratosthenes in real mode: 262,144 numbers, one byte each, in four segments of 64 KiB from 0x20000 on.
 * A number's byte is at segment 0x2000 + 0x1000 * (number >> 16), offset number & 0xffff; the marking loop steps the
 * offset and, on a carry, ES. Prints the count of primes after each of the rounds.
 */
        .code16
        .section .text.start, "ax"
        .globl  _start

        .set    CONSOLE, 0xe9
        .set    FIRST_SEGMENT, 0x2000
        .set    END_SEGMENT, 0x6000
#ifndef TIMES
#define TIMES 1                         /* more for the long image */
#endif
        .set    ROUNDS, 28 * TIMES

_start:
        cld
        movw    $0x7000, %sp            /* SS is 0 */
        movw    $ROUNDS, rounds_left
round:
        call    clear
        call    mark
        call    count
        call    print_number
        decw    rounds_left
        jnz     round
        hlt

/* Sets all bytes to 0. */
clear:  movw    $FIRST_SEGMENT, %dx
1:      movw    %dx, %es
        xorw    %di, %di
        xorw    %ax, %ax
2:      movw    %ax, %es:(%di)
        addw    $2, %di
        jnz     2b
        addw    $0x1000, %dx
        cmpw    $END_SEGMENT, %dx
        jne     1b
        ret

/* For each prime up to 511, sets the bytes of its multiples from its square on. */
mark:   movw    $FIRST_SEGMENT, %ax
        movw    %ax, %ds
        movw    $2, %bx
next_prime:
        cmpb    $0, (%bx)
        jne     2f
        movw    %bx, %ax
        mulw    %bx                     /* DX:AX: the square, DX from 0 to 3 */
        movw    %ax, %di
        movb    $12, %cl
        shlw    %cl, %dx
        addw    $FIRST_SEGMENT, %dx
        movw    %dx, %es
1:      movb    $1, %es:(%di)
        addw    %bx, %di
        jnc     1b
        addw    $0x1000, %dx
        movw    %dx, %es
        cmpw    $END_SEGMENT, %dx
        jb      1b
2:      incw    %bx
        cmpw    $512, %bx
        jb      next_prime
        xorw    %ax, %ax
        movw    %ax, %ds
        ret

/* DX:AX = how many bytes are 0, without those of 0 and 1. */
count:  movw    $-2, %ax
        movw    $-1, %dx
        movw    $FIRST_SEGMENT, %bx
1:      movw    %bx, %es
        xorw    %si, %si
2:      cmpb    $1, %es:(%si)           /* carry if the byte is 0 */
        adcw    $0, %ax
        adcw    $0, %dx
        incw    %si
        jnz     2b
        addw    $0x1000, %bx
        cmpw    $END_SEGMENT, %bx
        jne     1b
        ret

/* Prints DX:AX in decimal and a newline. */
print_number:
        movw    $digits_end, %di
        movb    $'\n', (%di)
        movw    $10, %bx
1:      movw    %ax, %si                /* DX:AX / 10, as two divisions of 32 by 16 bits */
        movw    %dx, %ax
        xorw    %dx, %dx
        divw    %bx
        xchgw   %ax, %si
        divw    %bx
        addb    $'0', %dl
        decw    %di
        movb    %dl, (%di)
        movw    %si, %dx
        movw    %ax, %cx
        orw     %dx, %cx
        jnz     1b
2:      movb    (%di), %al
        outb    %al, $CONSOLE
        incw    %di
        cmpw    $digits_end, %di
        jbe     2b
        ret

        .bss
rounds_left:
        .skip   2
        .skip   10
digits_end:
        .skip   1

        .section .note.GNU-stack, "", @progbits
