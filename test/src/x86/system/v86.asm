; Virtual-8086 mode: entry, exit, IOPL-sensitive insns, faults, segment registers. A 64 KiB ROM (see README.md).
%include "protected.inc"

        bits    32
landing: HERE

; Copies the 16-bit code between two labels to V86SEG:0 and enters it. %1 flags besides VM.
%macro ENTER_V86 3
        mov     esi, %2
        mov     edi, V86MEM
        mov     ecx, %3 - %2
%%copy: mov     al, [cs:esi]
        mov     [edi], al
        inc     esi
        inc     edi
        loop    %%copy
        mov     dword [START], 0
        push    dword 0x5555            ; gs
        push    dword 0x4444            ; fs
        push    dword 0x3333            ; ds
        push    dword 0x2222            ; es
        push    dword V86SEG            ; ss
        push    dword 0x12341000        ; esp
        push    dword %1 | VM
        push    dword V86SEG
        push    dword 0
        mov     eax, 0xa1a2a3a4
        mov     ecx, 0xc1c2c3c4
        iretd
%endmacro
%macro V86_CASE 2+      ; name, flags; the 16-bit code follows
        CASE    %1
        ENTER_V86 %2, %$code, %$end16
        bits    16
%$code:
%endmacro
%macro END_V86 0
%$end16:
        bits    32
        ENDCASE
%endmacro

cases:
V86_CASE "int n, IOPL 3", 0x3002
        int     0x31
END_V86
V86_CASE "int n, IOPL 0", 0x0002
        int     0x31
END_V86
V86_CASE "int3, IOPL 0", 0x0002
        int3
END_V86
CASE "int3, DPL 3, IOPL 0"
        mov     byte [IDT+3*8+5], 0xee
        ENTER_V86 0x0002, %$code, %$end16
        bits    16
%$code: int3
END_V86
V86_CASE "ud2", 0x0002
        ud2
END_V86
V86_CASE "divide error", 0x3202
        xor     cx, cx
        div     cx
END_V86
V86_CASE "hlt", 0x3002
        hlt
END_V86
V86_CASE "cli, IOPL 0", 0x0202
        cli
END_V86
V86_CASE "cli, IOPL 3", 0x3202
        cli
        int     0x31
END_V86
V86_CASE "sti, IOPL 3", 0x3002
        sti
        int     0x31
END_V86
V86_CASE "sti, IOPL 2", 0x2002
        sti
END_V86
V86_CASE "pushf, IOPL 0", 0x0002
        pushf
END_V86
V86_CASE "pushf, IOPL 3", 0x3202
        pushf
        pop     ax
        int     0x31
END_V86
V86_CASE "pushfd, IOPL 3", 0x243202
        pushfd
        pop     eax
        and     eax, FLAGS
        int     0x31
END_V86
V86_CASE "popf, IOPL 0", 0x0002
        push    word 2
        popf
END_V86
V86_CASE "popf, IOPL 3", 0x3002
        push    word 0x4602
        popf
        int     0x31
END_V86
V86_CASE "popfd, IOPL 3, keeps VM and IOPL", 0x3002
        push    dword 0x00240202
        popfd
        int     0x31
END_V86
V86_CASE "iret, IOPL 0", 0x0002
        push    word 2
        push    word V86SEG
        push    word 0
        iret
END_V86
V86_CASE "iret, IOPL 3", 0x3002
        push    word 0x0202
        push    word V86SEG + 1
        push    word .there - %$code - 16
        iret
.there: int     0x31
END_V86
V86_CASE "iretd beyond the limit", 0x3002
        push    dword 2
        push    dword V86SEG
        push    dword 0x10000
        iretd
END_V86
V86_CASE "in, IOPL 3", 0x3002
        in      al, 0x80
END_V86
CASE "in, IOPL 3, bit clear"
        mov     byte [TSS+0x68+0x10], 0xfe
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: mov     al, 0
        out     0x80, al
        int     0x31
END_V86
V86_CASE "segment loads", 0x3002
        mov     ax, 0x1234
        mov     ds, ax
        mov     es, ax
        push    ax
        pop     fs
        int     0x31
END_V86
V86_CASE "memory, base is selector * 16", 0x3002
        mov     ax, 0x0800
        mov     ds, ax
        mov     eax, [4]
        int     0x31
END_V86
V86_CASE "word at ffff", 0x3002
        mov     ax, [0xffff]
END_V86
V86_CASE "push at sp 1", 0x3002
        mov     sp, 1
        push    ax
END_V86
V86_CASE "write through cs", 0x3002
        mov     byte [cs:0x800], 0
        int     0x31
END_V86
V86_CASE "far jmp, call and retf", 0x3002
        call    V86SEG-1:.sub - %$code + 16
        mov     bx, sp
        mov     ax, bx
        int     0x31
.sub:   retf
END_V86
V86_CASE "far jmp beyond the limit", 0x3002
        o32 jmp dword V86SEG:0x10000
END_V86
V86_CASE "mov ss", 0x3002
        mov     ax, 0x2100
        mov     ss, ax
        mov     sp, 0x800
        push    ax
        int     0x31
END_V86
V86_CASE "lldt", 0x3002
        lldt    ax
END_V86
V86_CASE "str", 0x3002
        str     ax
END_V86
V86_CASE "lar", 0x3002
        lar     ax, ax
END_V86
V86_CASE "verr", 0x3002
        verr    ax
END_V86
V86_CASE "arpl", 0x3002
        db      0x63, 0xc0
END_V86
V86_CASE "lgdt", 0x3002
        lgdt    [0]
END_V86
V86_CASE "mov eax, cr0", 0x3002
        mov     eax, cr0
END_V86
V86_CASE "smsw", 0x3002
        smsw    ax
        and     ax, 0xf
        int     0x31
END_V86
V86_CASE "clts", 0x3002
        clts
END_V86
V86_CASE "rdmsr", 0x3002
        rdmsr
END_V86
CASE "286 gate from V86"
        SETGATE IDT+0x31*8, CODE0, show_frame, 0xe6
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: int     0x31
END_V86
CASE "gate to level 1 from V86"
        SETGATE IDT+0x31*8, CODE1, landing, 0xee
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: int     0x31
END_V86
CASE "gate to level 3 from V86"
        SETGATE IDT+0x31*8, CODE3, landing, 0xee
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: int     0x31
END_V86
CASE "gate to conforming level 0 from V86"
        SETDESC T1, 0xf0000, 0xffff, 0x409e
        SETGATE IDT+0x31*8, T1, landing, 0xee
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: int     0x31
END_V86
CASE "gate of DPL 0 from V86"
        SETGATE IDT+0x31*8, CODE0, landing, 0x8e
        ENTER_V86 0x3002, %$code, %$end16
        bits    16
%$code: int     0x31
END_V86
CASE "handler's segments are null, and back to V86"
        SETGATE IDT+0x31*8, CODE0, %$handler, 0xee
        ENTER_V86 0x3002, %$code, %$end16
%$handler:
        mov     cx, ds
        shl     ecx, 16
        mov     cx, gs
        add     dword [esp], 0
        iretd
        bits    16
%$code: int     0x31
        mov     eax, ecx
        int     0x32
END_V86
CASE "entry, eip beyond 64 KiB"
        push    dword 0
        push    dword 0
        push    dword 0
        push    dword 0
        push    dword V86SEG
        push    dword 0x1000
        push    dword VM | 2
        push    dword V86SEG
        push    dword 0x10000
        iretd
ENDCASE
CASE "o16 iret does not enter V86"
        push    word 2
        push    word CODE0
        push    word %$here
        o16 iret
%$here: HERE
ENDCASE
CASE "task in V86"
        mov     dword [TSS_B+0x20], 0
        mov     dword [TSS_B+0x24], VM | 0x3002
        mov     dword [TSS_B+0x38], 0x1000
        mov     dword [TSS_B+0x48], 0x2222
        mov     dword [TSS_B+0x4c], V86SEG
        mov     dword [TSS_B+0x50], V86SEG
        mov     dword [TSS_B+0x54], 0x3333
        mov     dword [TSS_B+0x58], 0x4444
        mov     dword [TSS_B+0x5c], 0x5555
        mov     dword [TSS_B+4], STACK0
        mov     dword [TSS_B+8], DATA0
        mov     word [V86MEM], 0x31cd
        mov     dword [START], 0
        jmp     TSSB:0
ENDCASE
        END_OF_RUN
END_OF_ROM
