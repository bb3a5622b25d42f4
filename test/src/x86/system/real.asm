; Real mode: stack, transfers, interrupts through the IVT, segment loads, limits, control registers.
; A 64 KiB ROM (see README.md). Each case prints one line: its name, values, and what fault it met.
; -DLIMITS includes the cases that rest on segment limits, which QEMU does not check.
        bits    16
        org     0

%include "report.inc"

; ---- RAM, at segment 0
RESUME  equ     0x600           ; where to go on after a fault
START   equ     0x602           ; offset of the case's first insn
V_VEC   equ     0x604
V_IP    equ     0x606
V_CS    equ     0x608
V_FL    equ     0x60a
V_SP    equ     0x60c           ; after the frame was popped
V_SS    equ     0x60e
V_DS    equ     0x610
TMP     equ     0x614
KEEP    equ     0x618
SCRATCH equ     0x8000
STACK   equ     0x7000
; Flags that cases look at: TF IF DF IOPL NT and bit 1.
FLAGS   equ     0x7702

%macro CASE 1
        %push   case
        call    reset
        PUTS    %1
        PUTS    ": "
        mov     word [RESUME], %$end
        mov     word [START], %$start
        call    registers
%$start:
%endmacro

; The fault's continuation comes here as well.
%macro ENDCASE 0
%$end:
        NEWLINE
        %pop
%endmacro

%macro P16 1
        mov     [TMP], %1
        mov     word [TMP+2], 0
        PUT_VALUE 4, [TMP], put_hex
%endmacro
%macro P32 1
        mov     [TMP], %1
        PUT_VALUE 8, [TMP], put_hex
%endmacro
%macro M16 1
        push    eax
        mov     ax, %1
        P16     ax
        pop     eax
%endmacro
%macro M32 1
        push    eax
        mov     eax, %1
        P32     eax
        pop     eax
%endmacro

reset:  ; keeps nothing; returns with a fresh stack
        mov     ax, 0
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        pop     bx
        mov     ss, ax
        mov     esp, STACK
        push    bx
        mov     di, SCRATCH
        mov     cx, 64
        mov     eax, 0x11111111
        cld
.fill:  stosd
        add     eax, 0x01010101
        loop    .fill
        push    dword 2
        popfd
        ret

registers:
        mov     eax, 0xa1a2a3a4
        mov     ebx, 0xb1b2b3b4
        mov     ecx, 0xc1c2c3c4
        mov     edx, 0xd1d2d3d4
        mov     esi, 0xe1e2e3e4
        mov     edi, 0xf1f2f3f4
        mov     ebp, 0x91929394
        ret

PUT_HEX_ROUTINE put_hex

; ---- interrupt handlers: report, clean up, go on at RESUME
        align   8
%assign v 0
stubs:
%rep 64
        push    word v
        jmp     near fault
        align   8
%assign v v+1
%endrep

fault:
        push    ds
        push    word 0
        pop     ds
        pop     word [V_DS]
        pop     word [V_VEC]
        pop     word [V_IP]
        pop     word [V_CS]
        pop     word [V_FL]
        mov     [V_SP], sp
        mov     [V_SS], ss
        mov     ss, [cs:zero]
        mov     esp, STACK-0x100
        PUTS    "#"
        PUT_VALUE 2, [V_VEC], put_hex
        push    eax
        mov     ax, [V_IP]
        sub     ax, [START]
        P16     ax
        pop     eax
        M16     [V_CS]
        push    eax
        mov     ax, [V_FL]
        and     ax, FLAGS
        P16     ax
        pop     eax
        M16     [V_SS]
        M16     [V_SP]
        jmp     [RESUME]
zero:   dw      0
seg1000: dw     0x1000

; A handler that reports the flags it runs with and returns.
quiet_handler:
        pushf
        pop     word [KEEP]
        and     word [KEEP], FLAGS
        iret

start:
        cli
        mov     ax, 0
        mov     ds, ax
        mov     ss, ax
        mov     esp, STACK
        mov     cx, 64
        mov     di, 0
        mov     ax, stubs
.ivt:   mov     [di], ax
        mov     [di+2], cs
        add     ax, 8
        add     di, 4
        loop    .ivt

; ======== stack
CASE "push sp"
        push    sp
        pop     ax
        P16     ax
ENDCASE
CASE "push esp, o32"
        push    esp
        pop     eax
        P32     eax
ENDCASE
CASE "pop sp"
        push    word 0x1234
        pop     sp
        mov     ax, sp
        mov     sp, STACK
        P16     ax
ENDCASE
CASE "pop esp"
        push    dword 0x00005678
        pop     esp
        mov     eax, esp
        mov     esp, STACK
        P32     eax
ENDCASE
CASE "push imm8, o16 and o32"
        push    byte -2
        push    dword -3
        pop     eax
        pop     bx
        P32     eax
        P16     bx
ENDCASE
CASE "push mem, sp relative"
        push    word 0x4321
        a32 push word [esp]
        pop     ax
        pop     bx
        P16     ax
        P16     bx
ENDCASE
CASE "pop mem, address after the increment"
        push    word 0x1111
        push    word 0x2222
        a32 pop word [esp]
        mov     bx, sp
        pop     ax
        P16     ax
        P16     bx
ENDCASE
CASE "pop dword mem, address after the increment"
        push    dword 0x33333333
        push    dword 0x44444444
        a32 pop dword [esp+2]
        mov     bx, sp
        pop     eax
        P32     eax
        P16     bx
ENDCASE
CASE "push sreg, o32 writes a word"
        mov     ax, 0x5678
        mov     fs, ax
        push    dword 0xffffffff
        add     sp, 4
        o32 push fs
        mov     bx, sp
        pop     eax
        P32     eax
        P16     bx
ENDCASE
CASE "pop sreg, o32"
        push    dword 0xabcd1234
        o32 pop gs
        mov     bx, sp
        mov     ax, gs
        P16     ax
        P16     bx
ENDCASE
CASE "pop sreg at the top, o32 reads a word"
        mov     sp, 0xfffe
        mov     word [0xfffe], 0x2468
        o32 pop gs
        mov     bx, sp
        mov     sp, STACK
        mov     ax, gs
        P16     ax
        P16     bx
ENDCASE
CASE "pop ss"
        push    word 0x0100
        pop     ss
        mov     bx, sp
        mov     cx, ss
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     bx
        P16     cx
ENDCASE
CASE "pusha"
        mov     sp, STACK
        pusha
        mov     bp, sp
        M16     [bp]
        M16     [bp+2]
        M16     [bp+4]
        M16     [bp+6]
        M16     [bp+8]
        M16     [bp+10]
        M16     [bp+12]
        M16     [bp+14]
ENDCASE
CASE "pushad popad"
        pushad
        mov     bp, sp
        M32     [bp+12]
        mov     dword [bp], 0x01020304
        mov     dword [bp+28], 0x05060708
        popad
        P32     eax
        P32     edi
        P32     esi
        mov     bx, sp
        P16     bx
ENDCASE
CASE "popa keeps upper halves"
        pusha
        mov     eax, 0
        mov     edi, 0
        popa
        P32     eax
        P32     edi
ENDCASE
; The frame of the #SS itself must fit: below SP 6 the processor shuts down.
%ifdef LIMITS
CASE "pushad runs into the limit"
        mov     ss, [cs:seg1000]
        mov     sp, 18
        pushad
ENDCASE
CASE "pusha at sp 15"
        mov     ss, [cs:seg1000]
        mov     sp, 15
        pusha
ENDCASE
CASE "enter runs into the limit"
        mov     ss, [cs:seg1000]
        mov     sp, 17
        mov     bp, 0x100
        enter   0, 12
ENDCASE
CASE "enter allocates past the limit"
        mov     ss, [cs:seg1000]
        mov     sp, 10
        enter   9, 0
        mov     bx, sp
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     bx
ENDCASE
CASE "call far o32 runs into the limit"
        mov     ss, [cs:seg1000]
        mov     sp, 18
        o32 call dword 0xf000:0
ENDCASE
CASE "push dword at sp 2"
        mov     ss, [cs:seg1000]
        mov     sp, 2
        push    eax
        mov     bx, sp
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     bx
ENDCASE
%endif
CASE "pop at sp fffe"
        mov     ss, [cs:seg1000]
        mov     sp, 0xfffe
        pop     ax
        mov     bx, sp
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     bx
ENDCASE
CASE "push at sp 0"
        mov     ss, [cs:seg1000]
        mov     sp, 0
        push    ax
        mov     bx, sp
        pop     cx
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     bx
        P16     cx
ENDCASE
CASE "popf, all but TF"
        push    word 0xfeff
        popf
        pushf
        pop     bx
        push    word 2
        popf
        and     bx, FLAGS & ~0x100
        P16     bx
ENDCASE
CASE "popfd, all but TF"
        push    dword 0xfffffeff
        popfd
        pushfd
        pop     ebx
        push    dword 2
        popfd
        and     ebx, 0x253f00
        P32     ebx
ENDCASE
CASE "popf keeps the upper half"
        push    dword 0x00200002
        popfd
        push    word 2
        popf
        pushfd
        pop     ebx
        push    dword 2
        popfd
        and     ebx, 0x253f00
        P32     ebx
ENDCASE
%macro ENTER_CASE 4     ; name, prefix, size, level
CASE %1
        mov     bp, SCRATCH+0x80
        mov     ebp, SCRATCH+0x80
        mov     sp, STACK
        mov     di, STACK-0x100
        mov     cx, 0x80
        mov     eax, 0
        cld
        rep     stosw
        %2 enter %3, %4
        mov     bx, sp
        mov     sp, STACK-0x200
        P32     ebp
        P16     bx
        mov     si, STACK-2
%%show: M16     [si]
        sub     si, 2
        cmp     si, STACK-2-4*%4-4
        jae     %%show
ENDCASE
%endmacro
ENTER_CASE "enter 16,0", o16, 16, 0
ENTER_CASE "enter 6,1", o16, 6, 1
ENTER_CASE "enter 0,2", o16, 0, 2
ENTER_CASE "enter 2,5", o16, 2, 5
ENTER_CASE "enter 2,7, o32", o32, 2, 7
ENTER_CASE "enter 8,0, o32", o32, 8, 0
ENTER_CASE "enter 8,1, o32", o32, 8, 1
CASE "enter 0,33 is level 1"
        mov     ebp, SCRATCH
        enter   0, 33
        mov     bx, sp
        P16     bx
        P32     ebp
ENDCASE
CASE "leave"
        mov     ebp, 0x77770000 | SCRATCH
        leave
        mov     bx, sp
        mov     sp, STACK
        P32     ebp
        P16     bx
ENDCASE
CASE "leave, o32"
        mov     ebp, 0x77770000 | SCRATCH
        o32 leave
        mov     bx, sp
        mov     sp, STACK
        P32     ebp
        P16     bx
ENDCASE
%ifdef LIMITS
CASE "leave beyond the limit"
        mov     bp, 0xffff
        leave
ENDCASE
%endif

; ======== near transfers
CASE "call, ret n"
        push    word 0x1111
        push    word 0x2222
        call    .f
        mov     bx, sp
        P16     bx
        jmp     .done
.f:     ret     4
.done:
ENDCASE
CASE "call reg, pushed ip"
        mov     ax, .g
        call    ax
.back:  jmp     .over
.g:     pop     bx
        sub     bx, .back
        P16     bx
.over:
ENDCASE
CASE "call o32 pushes a dword"
        call    dword .h
.back2: jmp     .over2
.h:     mov     bx, sp
        pop     eax
        sub     eax, .back2
        P32     eax
        P16     bx
.over2:
ENDCASE
CASE "ret o32"
        push    dword .over3
        o32 ret
        ud2
.over3: mov     bx, sp
        P16     bx
ENDCASE
%ifdef LIMITS
CASE "ret o32 beyond the limit"
        push    dword 0x10000
        o32 ret
ENDCASE
CASE "jmp reg o32 beyond the limit"
        mov     eax, 0x12345
        o32 jmp eax
ENDCASE
CASE "jmp o32 beyond the limit"
        db      0x66, 0xe9
        dd      0x20000
ENDCASE
CASE "jz o32 beyond the limit, not taken"
        or      al, 1
        db      0x66, 0x0f, 0x84
        dd      0x20000
        PUTS    "passed"
ENDCASE
CASE "jnz o32 beyond the limit, taken"
        or      al, 1
        db      0x66, 0x0f, 0x85
        dd      0x20000
        PUTS    "passed"
ENDCASE
%endif
CASE "loop counts cx"
        mov     ecx, 0x00030003
        xor     bx, bx
.l1:    inc     bx
        loop    .l1
        P32     ecx
        P16     bx
ENDCASE
CASE "a32 loop counts ecx"
        mov     ecx, 0x00000003
        xor     bx, bx
.l2:    inc     bx
        a32 loop .l2
        P32     ecx
        P16     bx
ENDCASE
CASE "loopne, loope"
        mov     cx, 5
        xor     bx, bx
.l3:    inc     bx
        cmp     bx, 3
        loopne  .l3
        P16     cx
        mov     cx, 5
.l4:    dec     bx
        cmp     bx, bx
        loope   .l4
        P16     cx
        P16     bx
ENDCASE
CASE "jcxz, jecxz"
        mov     ecx, 0x10000
        jcxz    .y1
        PUTS    "no "
        jmp     .y2
.y1:    PUTS    "yes "
.y2:    jecxz   .y3
        PUTS    "no"
        jmp     .y4
.y3:    PUTS    "yes"
.y4:
ENDCASE

; ======== far transfers
CASE "call far, retf"
        call    0xf000:.far1
        mov     bx, sp
        P16     bx
        jmp     .done1
.far1:  mov     bp, sp
        mov     ax, [bp]
        sub     ax, [START]
        P16     ax
        M16     [bp+2]
        retf
.done1:
ENDCASE
CASE "call far o32"
        o32 call dword 0xf000:.far2
        mov     bx, sp
        P16     bx
        jmp     .done2
.far2:  mov     bp, sp
        mov     eax, [bp]
        sub     ax, [START]
        P32     eax
        M16     [bp+4]
        P16     bp
        o32 retf
.done2:
ENDCASE
CASE "retf n"
        push    word 0x1111
        call    0xf000:.far3
        mov     bx, sp
        P16     bx
        jmp     .done3
.far3:  retf    2
.done3:
ENDCASE
CASE "call far mem, cs changes"
        mov     word [SCRATCH], .far4 - 0x100
        mov     word [SCRATCH+2], 0xf010
        call    far [SCRATCH]
        jmp     .done4
.far4:  mov     bx, cs
        retf
.done4: P16     bx
        mov     ax, cs
        P16     ax
ENDCASE
CASE "jmp far mem"
        mov     word [SCRATCH], .far5
        mov     word [SCRATCH+2], 0xf000
        jmp     far [SCRATCH]
        ud2
.far5:  PUTS    "there"
ENDCASE
%ifdef LIMITS
CASE "jmp far o32 beyond the limit"
        o32 jmp dword 0xf000:0x10000
ENDCASE
CASE "call far o32 beyond the limit"
        o32 call dword 0xf000:0x10000
ENDCASE
CASE "retf o32 beyond the limit"
        push    dword 0xf000
        push    dword 0x10000
        o32 retf
ENDCASE
%endif
CASE "call far with a register"
        db      0xff, 0xd8
ENDCASE
CASE "jmp far with a register"
        db      0xff, 0xe8
ENDCASE
CASE "ff /7"
        db      0xff, 0xf8
ENDCASE

; ======== interrupts
CASE "int n"
        int     0x20
        nop
ENDCASE
CASE "int 3, one byte"
        int3
        nop
ENDCASE
CASE "int 3, two bytes"
        db      0xcd, 3
        nop
ENDCASE
CASE "int1"
        db      0xf1
        nop
ENDCASE
CASE "into, overflow"
        mov     al, 0x7f
        inc     al
        into
        nop
ENDCASE
CASE "into, no overflow"
        xor     al, al
        into
        PUTS    "passed"
ENDCASE
CASE "int clears IF and TF, keeps DF, iret restores"
        mov     word [0x30*4], quiet_handler
        std
        sti
        int     0x30
        pushf
        pop     bx
        cli
        cld
        mov     word [0x30*4], stubs + 8*0x30
        and     bx, FLAGS
        P16     bx
        M16     [KEEP]
ENDCASE
CASE "iret"
        push    word 0x0202
        push    cs
        push    word .ir1
        iret
        ud2
.ir1:   pushf
        pop     ax
        cli
        mov     bx, sp
        and     ax, FLAGS
        P16     ax
        P16     bx
ENDCASE
CASE "iretd"
        push    dword 0x00240202
        push    dword 0xf000
        push    dword .ir2
        iretd
        ud2
.ir2:   pushfd
        pop     eax
        push    dword 2
        popfd
        mov     bx, sp
        and     eax, 0x3c7702
        P32     eax
        P16     bx
ENDCASE
%ifdef LIMITS
CASE "iretd beyond the limit"
        push    dword 2
        push    dword 0xf000
        push    dword 0x10000
        iretd
ENDCASE
%endif
CASE "iret ignores VM"
        push    dword 0x00020002
        push    dword 0xf000
        push    dword .ir3
        iretd
        ud2
.ir3:   pushfd
        pop     eax
        and     eax, 0x3c7702
        P32     eax
ENDCASE
CASE "divide error"
        mov     bl, 0
        div     bl
ENDCASE
CASE "divide overflow"
        mov     dx, 0xff
        mov     bx, 1
        div     bx
ENDCASE
CASE "aam 0"
        db      0xd4, 0
ENDCASE
CASE "bound, inside"
        mov     word [SCRATCH], -5
        mov     word [SCRATCH+2], 5
        mov     ax, 5
        bound   ax, [SCRATCH]
        mov     ax, -5
        bound   ax, [SCRATCH]
        PUTS    "passed"
ENDCASE
CASE "bound, above"
        mov     word [SCRATCH], -5
        mov     word [SCRATCH+2], 5
        mov     ax, 6
        bound   ax, [SCRATCH]
ENDCASE
CASE "bound, below, o32"
        mov     dword [SCRATCH], -5
        mov     dword [SCRATCH+4], 5
        mov     eax, -6
        bound   eax, [SCRATCH]
ENDCASE
CASE "ud2"
        ud2
ENDCASE
CASE "ud1"
        db      0x0f, 0xb9, 0xc0
ENDCASE
CASE "idt limit"
        mov     word [SCRATCH], 0x7f
        mov     dword [SCRATCH+2], 0
        lidt    [SCRATCH]
        int     0x1f
ENDCASE
CASE "int beyond the idt limit"
        int     0x20
ENDCASE
CASE "idt limit cuts an entry"
        mov     word [SCRATCH], 0x7e
        mov     dword [SCRATCH+2], 0
        lidt    [SCRATCH]
        int     0x1f
ENDCASE
CASE "idt base"
        mov     cx, 64
        xor     si, si
        mov     di, 0x9000
        cld
        rep     movsd
        mov     word [0x9000+0x31*4], stubs + 8*0x32
        mov     word [SCRATCH], 0x3ff
        mov     dword [SCRATCH+2], 0x9000
        lidt    [SCRATCH]
        int     0x31
ENDCASE
CASE "idt base, o16 loads 24 bits"
        mov     word [SCRATCH], 0x3ff
        mov     dword [SCRATCH+2], 0x55000000
        o16 lidt [SCRATCH]
        sidt    [SCRATCH+8]
        M16     [SCRATCH+8]
        M32     [SCRATCH+10]
        int     0x31
ENDCASE
CASE "sgdt, o16 and o32"
        mov     word [SCRATCH], 0x1234
        mov     dword [SCRATCH+2], 0x89abcdef
        o32 lgdt [SCRATCH]
        o16 sgdt [SCRATCH+8]
        o32 sgdt [SCRATCH+16]
        M16     [SCRATCH+8]
        M32     [SCRATCH+10]
        M16     [SCRATCH+14]
        M16     [SCRATCH+16]
        M32     [SCRATCH+18]
ENDCASE
CASE "lgdt with a register"
        db      0x0f, 0x01, 0xd0
ENDCASE

; ======== segments and limits
CASE "mov ds"
        mov     ax, 0x0801
        mov     ds, ax
        mov     ebx, [0]
        mov     ds, [cs:zero]
        P32     ebx
ENDCASE
CASE "lds"
        mov     dword [SCRATCH], 0x08001234
        lds     bx, [SCRATCH]
        mov     cx, ds
        mov     ds, [cs:zero]
        P32     ebx
        P16     cx
ENDCASE
CASE "les o32, lfs, lgs"
        mov     dword [SCRATCH], 0x12345678
        mov     word [SCRATCH+4], 0x0900
        o32 les ebx, [SCRATCH]
        lfs     cx, [SCRATCH+2]
        lgs     dx, [SCRATCH+1]
        P32     ebx
        mov     ax, es
        P16     ax
        P16     cx
        mov     ax, fs
        P16     ax
        P16     dx
        mov     ax, gs
        P16     ax
ENDCASE
CASE "lss"
        mov     dword [SCRATCH], 0x01006000
        lss     sp, [SCRATCH]
        mov     ax, ss
        mov     bx, sp
        mov     ss, [cs:zero]
        mov     sp, STACK
        P16     ax
        P16     bx
ENDCASE
CASE "lds with a register"
        db      0xc5, 0xc0
ENDCASE
CASE "mov cs, ax"
        db      0x8e, 0xc8
ENDCASE
CASE "mov segment 6, ax"
        db      0x8e, 0xf0
ENDCASE
CASE "mov ax, segment 7"
        db      0x8c, 0xf8
ENDCASE
CASE "mov mem, ds is a word"
        mov     dword [SCRATCH], -1
        mov     ax, 0x1357
        mov     fs, ax
        o32 mov [SCRATCH], fs
        M32     [SCRATCH]
ENDCASE
CASE "mov eax, fs"
        mov     bx, 0x1357
        mov     fs, bx
        o32 mov eax, fs
        mov     cx, fs
        P32     eax
        P32     ecx
ENDCASE
%ifdef LIMITS
CASE "word at ffff"
        mov     ax, [0xffff]
ENDCASE
%endif
CASE "byte at ffff"
        mov     al, [0xffff]
        PUTS    "passed"
ENDCASE
%ifdef LIMITS
CASE "dword at fffd"
        mov     eax, [0xfffd]
ENDCASE
CASE "word at ffff, write"
        mov     [0xffff], ax
ENDCASE
CASE "word at ss:ffff"
        mov     bp, 0xffff
        mov     ax, [bp]
ENDCASE
CASE "word at ds:ffff off bp"
        mov     bp, 0xffff
        mov     ax, [ds:bp]
ENDCASE
CASE "word at ss:ffff off bx"
        mov     bx, 0xffff
        mov     ax, [ss:bx]
ENDCASE
%endif
CASE "16-bit address wraps"
        mov     bx, 0xfff0
        mov     al, [bx+SCRATCH+0x10]
        P16     ax
ENDCASE
%ifdef LIMITS
CASE "32-bit address beyond the limit"
        mov     ebx, 0x10000
        mov     al, [ebx]
ENDCASE
CASE "32-bit address beyond the limit, ebp"
        mov     ebp, 0x10000
        mov     al, [ebp]
ENDCASE
CASE "32-bit address beyond the limit, esp"
        mov     esp, 0x7000
        mov     al, [esp+0x10000]
ENDCASE
CASE "32-bit negative address"
        mov     ebx, 2
        mov     al, [ebx-3]
ENDCASE
CASE "rmw beyond the limit"
        add     word [0xffff], 1
ENDCASE
%endif
CASE "write through cs"
        mov     word [cs:0xfff0], 0
        PUTS    "passed"
ENDCASE
%ifdef LIMITS
CASE "string beyond the limit"
        mov     si, 0xffff
        lodsw
ENDCASE
CASE "rep stosw runs into the limit"
        mov     ax, 0x1000
        mov     es, ax
        mov     di, 0xfffd
        mov     cx, 4
        cld
        rep     stosw
ENDCASE
CASE "code runs past ffff"
        mov     ax, 0x1000
        mov     es, ax
        mov     byte [es:0xffff], 0x90
        jmp     0x1000:0xffff
ENDCASE
CASE "insn straddles ffff"
        mov     ax, 0x1000
        mov     es, ax
        mov     word [es:0xfffe], 0x00b8
        jmp     0x1000:0xfffe
ENDCASE
%endif
CASE "long insn"
        times 14 db 0x26
        nop
        PUTS    "passed"
ENDCASE
CASE "too long insn"
        times 15 db 0x26
        nop
ENDCASE
CASE "lock on a register"
        db      0xf0, 0x01, 0xc0
ENDCASE
CASE "lock mov"
        db      0xf0, 0xa3, 0, 0x80
ENDCASE
CASE "lock add"
        lock add word [SCRATCH], 1
        M16     [SCRATCH]
ENDCASE

; ======== insns of protected mode, control registers
CASE "arpl"
        db      0x63, 0xc0
ENDCASE
CASE "lar"
        lar     ax, bx
ENDCASE
CASE "lsl"
        lsl     ax, bx
ENDCASE
CASE "verr"
        verr    ax
ENDCASE
CASE "verw"
        verw    ax
ENDCASE
CASE "sldt"
        sldt    ax
ENDCASE
CASE "str"
        str     ax
ENDCASE
CASE "lldt"
        lldt    ax
ENDCASE
CASE "ltr"
        ltr     ax
ENDCASE
CASE "smsw"
        mov     eax, 0x60000010
        mov     cr0, eax
        mov     eax, -1
        smsw    ax
        P32     eax
        o32 smsw ebx
        P32     ebx
        smsw    [SCRATCH]
        M32     [SCRATCH]
ENDCASE
CASE "cr0 pg without pe"
        mov     eax, 0x80000010
        mov     cr0, eax
ENDCASE
CASE "cr0 nw without cd"
        mov     eax, 0x20000010
        mov     cr0, eax
ENDCASE
CASE "cr0 et stays"
        mov     eax, 0
        mov     cr0, eax
        mov     ebx, cr0
        P32     ebx
        mov     eax, 0x0005002e
        mov     cr0, eax
        mov     ebx, cr0
        P32     ebx
        mov     eax, 0x10
        mov     cr0, eax
ENDCASE
CASE "clts"
        mov     eax, 0x18
        mov     cr0, eax
        clts
        mov     ebx, cr0
        P32     ebx
ENDCASE
CASE "lmsw"
        mov     ax, 0xe
        lmsw    ax
        mov     ebx, cr0
        mov     ax, 0
        lmsw    ax
        mov     ecx, cr0
        P32     ebx
        P32     ecx
ENDCASE
CASE "cr1"
        db      0x0f, 0x20, 0xc8
ENDCASE
CASE "cr5"
        db      0x0f, 0x22, 0xe8
ENDCASE
CASE "cr2, cr3"
        mov     cr2, ebx
        mov     eax, cr2
        P32     eax
        mov     ecx, 0x12345000
        mov     cr3, ecx
        mov     eax, cr3
        P32     eax
        xor     eax, eax
        mov     cr3, eax
ENDCASE
CASE "cr mov ignores mod"
        mov     cr2, ebx
        db      0x0f, 0x20, 0x11                ; mod 0: still mov ecx, cr2
        P32     ecx
ENDCASE
CASE "cr4 reserved"
        mov     eax, 0x80000000
        mov     cr4, eax
ENDCASE
CASE "dr0, dr6, dr7"
        mov     dr0, ebx
        mov     eax, dr0
        P32     eax
        mov     eax, 0
        mov     dr6, eax
        mov     eax, dr6
        P32     eax
        mov     eax, 0
        mov     dr7, eax
        mov     eax, dr7
        P32     eax
        mov     dr0, ecx
ENDCASE
CASE "rdmsr, no such"
        mov     ecx, 0x12345678
        rdmsr
ENDCASE
CASE "wrmsr, no such"
        mov     ecx, 0x12345678
        wrmsr
ENDCASE
CASE "rdtsc goes on"
        rdtsc
        mov     ebx, eax
        rdtsc
        sub     eax, ebx
        cmp     eax, 0
        je      .bad
        PUTS    "passed"
.bad:
ENDCASE
CASE "invd wbinvd nop pause"
        invd
        wbinvd
        nop
        pause
        db      0x0f, 0x1f, 0x44, 0, 0
        PUTS    "passed"
ENDCASE
CASE "outsb, rep"
        mov     si, message
        mov     cx, 5
        mov     dx, 0xe9
        cld
        rep cs outsb
        P16     cx
        sub     si, message
        P16     si
ENDCASE
CASE "outsb, cx 0"
        mov     si, message
        mov     cx, 0
        mov     dx, 0xe9
        rep cs outsb
        sub     si, message
        P16     si
ENDCASE
%ifdef LIMITS
CASE "outsw beyond the limit"
        mov     si, 0xffff
        mov     dx, 0x80
        outsw
ENDCASE
%endif

; ======== protected mode and back: what stays in the hidden parts
%ifdef LIMITS
CASE "unreal mode"
        o32 lgdt [cs:gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        mov     bx, 8
        mov     fs, bx
        and     al, 0xfe
        mov     cr0, eax
        jmp     0xf000:.un1
.un1:   mov     ebx, 0x100000
        mov     dword [fs:ebx], 0x1234abcd
        P32     ebx
        mov     eax, [fs:ebx]
        P32     eax
        mov     bx, 0
        mov     fs, bx
        mov     ebx, 0x100000
        mov     eax, [fs:ebx]
        P32     eax
        mov     eax, [ds:ebx]
ENDCASE
%endif
CASE "16-bit protected mode"
        o32 lgdt [cs:gdtr]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     0x10:.pm1
.pm1:   mov     bx, 0x18
        mov     ds, bx
        mov     ecx, [SCRATCH]
        mov     dx, cs
        str     si
        and     al, 0xfe
        mov     cr0, eax
        jmp     0xf000:.pm2
.pm2:   mov     bx, 0
        mov     ds, bx
        P32     ecx
        P16     dx
        P16     si
ENDCASE
        END_OF_RUN

message: db     "hello"
        align   8
gdt:    dq      0
        dq      0x008f92000000ffff      ; 08 data, 4 GiB
        dq      0x00009a0f0000ffff      ; 10 code, base f0000, 16 bit
        dq      0x000092000000ffff      ; 18 data, 64 KiB
gdtr:   dw      31
        dd      0xf0000 + gdt

        times   0xfff0-($-$$) db 0xff
        jmp     0xf000:start
        times   0x10000-($-$$) db 0xff
