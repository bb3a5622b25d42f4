/*
 * Interrupts and exceptions in real mode. Puts handlers into the interrupt vector table and makes each of them run:
 * by INT n, by an exception that is a fault (the saved IP is the insn's own, so the handler steps over it) and by
 * one that is a trap (the saved IP is already past it). Prints a line for each; ends with "done".
 */
        .code16
        .section .text.start, "ax"
        .globl  _start

        .set    CONSOLE, 0xe9
        .set    FLAG_CF, 0x0001
        .set    FLAG_IF, 0x0200
        .set    FLAG_DF, 0x0400

/* Points an interrupt vector at a handler in segment 0. */
        .macro  vector number, handler
        movw    $\handler, \number * 4
        movw    $0, \number * 4 + 2
        .endm

        .macro  print text
        pushw   %si
        movw    $900f, %si
        call    puts
        popw    %si
        .pushsection .rodata
900:    .asciz  "\text"
        .popsection
        .endm

/* Prints one of two texts, by whether the condition holds. Keeps the flags. */
        .macro  report condition, yes, no
        pushfw
        \condition 901f
        print   "\no"
        jmp     902f
901:    print   "\yes"
902:    popfw
        .endm

_start:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7000, %sp

        vector  0, divide_error
        vector  3, breakpoint
        vector  4, overflow
        vector  5, bound_range
        vector  6, invalid_opcode
        vector  0x60, set_carry
        vector  0x61, look_at_flags
        vector  0x62, outer
        vector  0x63, inner

/* INT n and IRET: the handler changes the saved flags, as the BIOS does to report an error. */
        movw    %sp, %bp
        clc
        int     $0x60
        report  jc, "int 0x60: carry came back set\n", "int 0x60: FAIL, carry lost\n"
        cmpw    %sp, %bp
        report  je, "int 0x60: stack balanced\n", "int 0x60: FAIL, stack off\n"

/* INT clears IF for the handler, IRET brings it back; other flags stay. */
        sti
        std
        int     $0x61
        pushfw
        popw    %ax
        cli
        cld
        testw   $FLAG_IF, %dx
        report  jz, "int 0x61: IF clear in the handler\n", "int 0x61: FAIL, IF set in the handler\n"
        testw   $FLAG_DF, %dx
        report  jnz, "int 0x61: DF untouched in the handler\n", "int 0x61: FAIL, DF changed in the handler\n"
        andw    $FLAG_IF | FLAG_DF, %ax
        cmpw    $FLAG_IF | FLAG_DF, %ax
        report  je, "int 0x61: IF and DF back after iret\n", "int 0x61: FAIL, IF or DF lost\n"

/* An interrupt inside an interrupt. */
        int     $0x62

/* #DE, vector 0: by zero, by a quotient too large, by AAM 0. A fault each time, two bytes to step over. */
        movw    $1000, %ax
        xorw    %dx, %dx
        xorw    %cx, %cx
        movw    $1f, fault_at
        movw    $2, fault_length
1:      divw    %cx
        cmpw    $1000, %ax
        report  je, "div: AX kept\n", "div: FAIL, AX changed\n"

        movw    $0x8000, %ax
        movw    $0xffff, %dx
        movw    $-1, %cx
        movw    $1f, fault_at
1:      idivw   %cx
        movw    $1f, fault_at
1:      aam     $0

/* INT3, one byte and a trap. */
        movw    $1f, fault_at
        int3
1:
/* INTO does something only when OF is set; a trap. */
        movb    $1, %al
        addb    $1, %al
        into
        print   "into: nothing without overflow\n"
        movb    $127, %al
        addb    $1, %al
        movw    $1f, fault_at
        into
1:
/* BOUND: a fault when the index is outside the two words, four bytes to step over. */
        movw    $-5, %ax
        boundw  %ax, bounds
        movw    $20, %ax
        boundw  %ax, bounds
        print   "bound: nothing at either limit\n"
        movw    $21, %ax
        movw    $1f, fault_at
        movw    $4, fault_length
1:      boundw  %ax, bounds
        movw    $-6, %ax
        movw    $1f, fault_at
1:      boundw  %ax, bounds

/* #UD: an opcode that is undefined for ever, and LOCK where the destination is a register. */
        movw    $1f, fault_at
        movw    $2, fault_length
1:      ud2
        movw    $1f, fault_at
        movw    $3, fault_length
1:      .byte   0xf0, 0x01, 0xc0        /* lock add %ax, %ax */

        print   "done\n"
        hlt

set_carry:
        print   "int 0x60: in the handler\n"
        pushw   %bp
        movw    %sp, %bp
        orw     $FLAG_CF, 6(%bp)
        popw    %bp
        iretw

look_at_flags:
        pushfw
        popw    %dx
        iretw

outer:
        print   "int 0x62: outer handler\n"
        int     $0x63
        print   "int 0x62: outer handler goes on\n"
        iretw
inner:
        print   "int 0x63: inner handler\n"
        iretw

/*
 * Handlers of faults: compare the saved CS:IP with what it should be, print, and step over the insn. On the stack
 * when the name is printed: AX, BP, then IP, CS, FLAGS as the processor pushed them.
 */
        .macro  exception name, text, step
\name:
        pushw   %bp
        movw    %sp, %bp
        pushw   %ax
        print   "\text"
        movw    fault_at, %ax
        cmpw    %ax, 2(%bp)
        jne     800f
        cmpw    $0, 4(%bp)
        jne     800f
        print   " at the right address\n"
        jmp     801f
800:    print   " FAIL, at another address\n"
801:
        .if     \step
        movw    fault_length, %ax
        addw    %ax, 2(%bp)
        .endif
        popw    %ax
        popw    %bp
        iretw
        .endm

        exception divide_error, "#DE: fault", 1
        exception breakpoint, "#BP: trap", 0
        exception overflow, "#OF: trap", 0
        exception bound_range, "#BR: fault", 1
        exception invalid_opcode, "#UD: fault", 1

/* Prints the NUL-terminated text at DS:SI. Keeps everything but SI and the flags. */
puts:
        pushw   %ax
        pushfw
        cld
1:      lodsb
        testb   %al, %al
        jz      2f
        outb    %al, $CONSOLE
        jmp     1b
2:      popfw
        popw    %ax
        ret

        .section .rodata
        .balign 2
bounds: .word   -5, 20

        .bss
        .balign 2
fault_at:
        .skip   2
fault_length:
        .skip   2

        .section .note.GNU-stack, "", @progbits
