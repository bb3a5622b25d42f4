/* Control transfers through gates: first a smoke test. */
        .include "kernel.inc"
checks:
T "ud2", "#UD"
        ud2
E
T "div by zero", "#DE"
        nop
7:      divl    %ecx
E
T "int 0x40 at level 0", "int40! 8"
7:      int     $0x40
8:
A
        W       f_cs
E
T "int 0x40 at level 3", "int40! 1b 23"
        USER
7:      int     $0x40
8:
A
        W       f_cs
        W       f_ss
E
T "null ds", "#GP(0)"
        movw    %cx, %ds
7:      movl    (%ecx), %eax
E
T "triple fault", "SHUTDOWN"
        movw    $0, %ss:DATA
        lidt    DATA
        ud2
E
T "the next", "3"
        V $3
E
        jmp     all_done
