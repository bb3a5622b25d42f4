; Protected mode: loads of segment registers and far transfers to every kind of descriptor, limits and access rights,
; LAR, LSL, VERR, VERW. A 64 KiB ROM (see README.md).
%include "protected.inc"

cases:
; ======== data segment registers
%macro DATA_LOADS 2     ; title, selector
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        ATTEMPT
        mov     ax, %2
        mov     fs, ax
        mov     ax, fs
        P16     ax
        P8      [GDT+T1+5]
%$end:
        %pop
        END_EACH
%endmacro
%macro DATA_LOADS_AT_3 2
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        ATTEMPT
        USER
        mov     ax, %2
        mov     gs, ax
        mov     ax, gs
        HERE
%$end:
        P8      [GDT+T1+5]
        %pop
        END_EACH
%endmacro
DATA_LOADS "mov fs at level 0, RPL 0", T1
DATA_LOADS "mov fs at level 0, RPL 3", T1|3
DATA_LOADS_AT_3 "mov gs at level 3, RPL 3", T1|3
DATA_LOADS_AT_3 "mov gs at level 3, RPL 0", T1

%macro STACK_LOADS 2
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        ATTEMPT
        mov     ax, %2
        mov     ss, ax
        mov     bx, ss
        mov     cx, DATA0
        mov     ss, cx
        mov     esp, STACK
        P16     bx
        P8      [GDT+T1+5]
%$end:
        %pop
        END_EACH
%endmacro
%macro STACK_LOADS_AT_3 2
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        ATTEMPT
        USER
        mov     ax, %2
        mov     ss, ax
        HERE
%$end:
        %pop
        END_EACH
%endmacro
STACK_LOADS "mov ss at level 0, RPL 0", T1
STACK_LOADS "mov ss at level 0, RPL 3", T1|3
STACK_LOADS_AT_3 "mov ss at level 3, RPL 3", T1|3
STACK_LOADS_AT_3 "mov ss at level 3, RPL 0", T1

CASE "mov ss, null"
        xor     ax, ax
        mov     ss, ax
ENDCASE
CASE "mov ss, null RPL 3"
        mov     ax, 3
        mov     ss, ax
ENDCASE
CASE "mov ss, beyond"
        mov     ax, BEYOND
        mov     ss, ax
ENDCASE
CASE "mov ds, beyond"
        mov     ax, BEYOND|3
        mov     ds, ax
ENDCASE
CASE "mov ds, no LDT"
        mov     ax, 4
        mov     ds, ax
ENDCASE
CASE "mov ds, null, then an access"
        mov     ax, 3
        mov     fs, ax
        mov     bx, fs
        P16     bx
        mov     al, [fs:0]
ENDCASE
CASE "pop fs, o16"
        SETDESC T1, 0, 0xfffff, 0xc092
        push    word T1
        o16 pop fs
        P32     esp
        mov     ax, fs
        P16     ax
ENDCASE
CASE "pop fs, fault leaves esp"
        push    dword BEYOND
        pop     fs
ENDCASE
CASE "lds, fault leaves ebx"
        mov     dword [SCRATCH], 0x12345678
        mov     word [SCRATCH+4], BEYOND
        lds     eax, [SCRATCH]
ENDCASE
CASE "push fs, pop"
        SETDESC T1, 0, 0xfffff, 0xc092
        mov     ax, T1
        mov     fs, ax
        push    dword -1
        add     esp, 4
        push    fs
        pop     eax
        P32     eax
ENDCASE
CASE "ldt"
        mov     ax, LDTSEL
        lldt    ax
        sldt    bx
        P16     bx
        mov     dword [LDT+8], LOW_OF(SCRATCH, 0xf)
        mov     dword [LDT+12], HIGH_OF(SCRATCH, 0xf, 0x0092)
        mov     ax, 8+4
        mov     fs, ax
        P32     [fs:4]
        P8      [LDT+13]
        mov     ax, 0x20+4
        mov     fs, ax
ENDCASE
CASE "ldt entry 0 is a segment"
        mov     ax, LDTSEL
        lldt    ax
        mov     dword [LDT], LOW_OF(SCRATCH, 0xf)
        mov     dword [LDT+4], HIGH_OF(SCRATCH, 0xf, 0x0092)
        mov     ax, 4
        mov     fs, ax
        P32     [fs:4]
ENDCASE

; ======== code segments

%macro FAR_AT_0 3       ; title, jmp or call, selector
        TITLE   %1
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        ATTEMPT
        %2      %3:landing
%$end:
        P8      [GDT+T1+5]
        %pop
        END_EACH
%endmacro
%macro FAR_AT_3 3
        TITLE   %1
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        ATTEMPT
        USER
        %2      %3:landing
%$end:
        %pop
        END_EACH
%endmacro
        jmp     past_landing
landing: HERE
past_landing:
FAR_AT_0 "jmp far at level 0, RPL 0", jmp, T1
FAR_AT_0 "jmp far at level 0, RPL 3", jmp, T1|3
FAR_AT_0 "call far at level 0, RPL 0", call, T1
FAR_AT_3 "jmp far at level 3, RPL 3", jmp, T1|3
FAR_AT_3 "jmp far at level 3, RPL 0", jmp, T1
FAR_AT_3 "call far at level 3, RPL 3", call, T1|3

%macro RETF_FROM_0 2    ; title, selector
        TITLE   %1
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        ATTEMPT
        push    dword DATA3
        push    dword STACK3
        push    dword %2
        push    dword landing
        retf
%$end:
        %pop
        END_EACH
%endmacro
RETF_FROM_0 "retf at level 0, RPL 0", T1
RETF_FROM_0 "retf at level 0, RPL 3", T1|3
RETF_FROM_0 "retf at level 0, RPL 1", T1|1
        TITLE   "retf at level 3, RPL 3"
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        ATTEMPT
        USER
        push    dword T1|3
        push    dword landing
        retf
%$end:
        %pop
        END_EACH
        TITLE   "iretd to level 3, the code segment"
        EACH_ATTRIBUTE 0xf0000, 0xffff, 0x4000
        ATTEMPT
        push    dword DATA3
        push    dword STACK3
        push    dword 0x3202
        push    dword T1|3
        push    dword landing
        iretd
%$end:
        %pop
        END_EACH
%macro OUTER_STACK 2    ; title, ss
        TITLE   %1
        EACH_ATTRIBUTE 0, 0xfffff, 0xc000
        ATTEMPT
        push    dword %2
        push    dword STACK3
        push    dword 0x202
        push    dword CODE3
        push    dword landing
        iretd
%$end:
        %pop
        END_EACH
%endmacro
OUTER_STACK "iretd to level 3, the stack segment, RPL 3", T1|3
OUTER_STACK "iretd to level 3, the stack segment, RPL 0", T1

CASE "jmp far, null"
        jmp     0:landing
ENDCASE
CASE "jmp far, null RPL 3"
        jmp     3:landing
ENDCASE
CASE "jmp far, beyond"
        jmp     BEYOND:landing
ENDCASE
CASE "retf, null"
        push    dword 0
        push    dword landing
        retf
ENDCASE
CASE "retf, beyond"
        push    dword BEYOND
        push    dword landing
        retf
ENDCASE
CASE "retf to level 3, null stack"
        push    dword 3
        push    dword STACK3
        push    dword CODE3
        push    dword landing
        retf
ENDCASE
CASE "retf to level 3, stack beyond"
        push    dword BEYOND|3
        push    dword STACK3
        push    dword CODE3
        push    dword landing
        retf
ENDCASE
CASE "retf n to level 3"
        push    dword DATA3
        push    dword STACK3
        push    dword 0x11111111
        push    dword 0x22222222
        push    dword CODE3
        push    dword landing
        retf    8
ENDCASE
CASE "retf o16 to level 3"
        push    word DATA3
        push    word STACK3
        push    word CODE3
        push    word landing
        o16 retf
ENDCASE
CASE "retf at level 3 to level 0"
        USER
        push    dword CODE0
        push    dword landing
        retf
ENDCASE
CASE "retf drops what level 3 may not hold"
        mov     ax, DATA0
        mov     fs, ax
        mov     ax, DATA3
        mov     gs, ax
        SETDESC T1, 0xf0000, 0xffff, 0x409e
        mov     ax, T1
        mov     es, ax
        push    dword DATA3
        push    dword STACK3
        push    dword CODE3
        push    dword %$there
        retf
%$there: mov    ax, fs
        shl     eax, 16
        mov     ax, gs
        HERE
ENDCASE
CASE "the same, ds and es"
        SETDESC T1, 0xf0000, 0xffff, 0x409e
        mov     ax, T1
        mov     es, ax
        push    dword DATA3
        push    dword STACK3
        push    dword CODE3
        push    dword %$there2
        retf
%$there2: mov   ax, ds
        shl     eax, 16
        mov     ax, es
        HERE
ENDCASE
CASE "far pointer offset beyond the limit"
        jmp     CODE0:0x10000
ENDCASE
CASE "call far, offset beyond the limit"
        call    CODE0:0x10000
ENDCASE
CASE "jmp near beyond the limit"
        jmp     $ + 0x20000
ENDCASE
CASE "jmp near, o16 truncates"
        mov     eax, 0xffff0000 + landing
        o16 jmp ax
ENDCASE
CASE "to 16-bit code and back"
        jmp     CODE16:%$sixteen
        bits    16
%$sixteen: mov  ax, 0x1234
        push    ax
        jmp     dword CODE0:%$back
        bits    32
%$back: P32     eax
        P32     esp
ENDCASE
CASE "int from 16-bit code, o16 call far"
        call    CODE16:%$sixteen2
        jmp     %$end2
        bits    16
%$sixteen2: o32 retf
        bits    32
%$end2: P32     esp
        HERE
ENDCASE

; ======== accesses: limits and rights
%macro ACCESS 5+        ; title, limit, attributes with flags, offset, insn
CASE %1
        SETDESC T1, SCRATCH, %2, %3
        mov     ax, T1
        mov     fs, ax
        mov     ebx, %4
        %5
        PUTS    "passed"
ENDCASE
%endmacro
ACCESS "byte at the limit", 0xff, 0x0092, 0xff, mov al, [fs:ebx]
ACCESS "byte past the limit", 0xff, 0x0092, 0x100, mov al, [fs:ebx]
ACCESS "word across the limit", 0xff, 0x0092, 0xff, mov ax, [fs:ebx]
ACCESS "dword at the limit", 0xff, 0x0092, 0xfc, mov eax, [fs:ebx]
ACCESS "dword across the limit", 0xff, 0x0092, 0xfd, mov eax, [fs:ebx]
ACCESS "write past the limit", 0xff, 0x0092, 0x100, mov [fs:ebx], al
ACCESS "rmw past the limit", 0xff, 0x0092, 0x100, inc byte [fs:ebx]
ACCESS "write to read-only", 0xff, 0x0090, 0, mov [fs:ebx], al
ACCESS "rmw of read-only", 0xff, 0x0090, 0, add [fs:ebx], al
ACCESS "read of read-only", 0xff, 0x0090, 0, mov al, [fs:ebx]
ACCESS "read of code", 0xff, 0x009a, 0, mov al, [fs:ebx]
ACCESS "write to code", 0xff, 0x009a, 0, mov [fs:ebx], al
ACCESS "wrap at 4 GiB", 0xfffff, 0x8092, 0xffffffff, mov ax, [fs:ebx]
ACCESS "limit in pages", 0, 0x8092, 0xfff, mov al, [fs:ebx]
ACCESS "limit in pages, past", 0, 0x8092, 0x1000, mov al, [fs:ebx]
ACCESS "expand-down, at the limit", 0xff, 0x0096, 0xff, mov al, [fs:ebx]
ACCESS "expand-down, above", 0xff, 0x0096, 0x100, mov al, [fs:ebx]
ACCESS "expand-down, 16 bit, top", 0xff, 0x0096, 0xffff, mov al, [fs:ebx]
ACCESS "expand-down, 16 bit, over the top", 0xff, 0x0096, 0x10000, mov al, [fs:ebx]
ACCESS "expand-down, 16 bit, word over the top", 0xff, 0x0096, 0xffff, mov ax, [fs:ebx]
ACCESS "expand-down, 32 bit, above", 0xff, 0x4096, 0x10000, mov al, [fs:ebx]
ACCESS "expand-down, limit 0", 0, 0x0096, 0, mov al, [fs:ebx]
ACCESS "expand-down, whole", 0xfffff, 0xc096, 0xffffffff, mov al, [fs:ebx]
CASE "write through cs"
        mov     byte [cs:0], 0
ENDCASE
CASE "read of execute-only cs"
        SETDESC T1, 0xf0000, 0xffff, 0x4098
        jmp     T1:%$x
%$x:    mov     al, [cs:0]
ENDCASE
CASE "stack limit"
        SETDESC T1, 0, 0x6fff, 0x4092
        mov     ax, T1
        mov     ss, ax
        mov     esp, 0x7000
        pop     eax
ENDCASE
CASE "stack limit off ebp"
        SETDESC T1, 0, 0x6fff, 0x4092
        mov     ax, T1
        mov     ss, ax
        mov     esp, 0x6000
        mov     ebp, 0x6ffd
        mov     eax, [ebp]
ENDCASE
CASE "expand-down stack"
        SETDESC T1, 0, 5, 0xc096
        mov     ax, T1
        mov     ss, ax
        mov     esp, 0x6800
        mov     eax, [ss:0x6000]
        mov     eax, [ss:0x5ffc]
ENDCASE
CASE "16-bit stack wraps"
        SETDESC T1, 0x20000, 0xffff, 0x0092
        mov     ax, T1
        mov     ss, ax
        mov     esp, 0xabcd0000
        push    ebx
        mov     edx, esp
        pop     ecx
        mov     esi, esp
        mov     ax, DATA0
        mov     ss, ax
        mov     esp, STACK
        P32     ecx
        P32     edx
        P32     esi
ENDCASE
CASE "16-bit stack, enter and leave"
        SETDESC T1, 0x20000, 0xffff, 0x0092
        mov     ax, T1
        mov     ss, ax
        mov     esp, 0xabcd1000
        mov     ebp, 0x12342000
        enter   16, 2
        mov     edx, esp
        mov     ecx, ebp
        leave
        mov     esi, esp
        mov     ax, DATA0
        mov     ss, ax
        mov     esp, STACK
        P32     ecx
        P32     edx
        P32     esi
        P32     ebp
ENDCASE

; ======== LAR, LSL, VERR, VERW: every attribute byte, three ways
%macro ASK 1
        lar     eax, %1
        jz      %%lar
        xor     eax, eax
%%lar:  P32     eax
        lsl     eax, %1
        jz      %%lsl
        xor     eax, eax
%%lsl:  P32     eax
        verr    %1
        setz    al
        verw    %1
        setz    ah
        P16     ax
%endmacro
        TITLE   "lar lsl verr verw, RPL 0 and 3"
        mov     dword [ITER], 0
ask:    call    reset
        SETDESC T1, 0x12345678, 0x54321, 0xd000
        mov     al, [ITER]
        mov     [GDT+T1+5], al
        P8      al
        PUTS    ": "
        mov     dx, T1
        ASK     dx
        mov     dx, T1|3
        ASK     dx
        NEWLINE
        inc     dword [ITER]
        cmp     dword [ITER], 256
        jb      ask
CASE "lar of null, beyond, no LDT"
        xor     dx, dx
        ASK     dx
        mov     dx, BEYOND
        ASK     dx
        mov     dx, 4
        ASK     dx
ENDCASE
CASE "lar, o16"
        SETDESC T1, 0x12345678, 0x54321, 0xd092
        mov     dx, T1
        mov     eax, -1
        o16 lar ax, dx
        P32     eax
        mov     eax, -1
        o16 lsl ax, dx
        P32     eax
ENDCASE
CASE "arpl"
        mov     eax, 0xffff0001
        mov     ebx, 0xffff0002
        arpl    ax, bx
        setz    cl
        P32     eax
        P8      cl
        arpl    ax, bx
        setz    cl
        P32     eax
        P8      cl
        mov     bx, 3
        arpl    [SCRATCH], bx
        P32     [SCRATCH]
ENDCASE

; ======== LLDT, LTR
        TITLE   "lldt"
        EACH_ATTRIBUTE LDT, 0xffff, 0
        ATTEMPT
        mov     ax, T1
        lldt    ax
        sldt    ax
        P16     ax
        P8      [GDT+T1+5]
%$end:
        %pop
        END_EACH
        TITLE   "ltr"
        mov     dword [ITER], 0x80
ltrs:   call    reset
        SETDESC T1, TSS, 0xffff, 0
        mov     al, [ITER]
        mov     [GDT+T1+5], al
        P8      al
        PUTS    ": "
        ATTEMPT
        mov     ax, T1
        ltr     ax
        str     ax
        P16     ax
        P8      [GDT+T1+5]
%$end:
        %pop
        NEWLINE
        inc     dword [ITER]
        cmp     dword [ITER], 0x90
        jb      ltrs
CASE "lldt null"
        mov     ax, 3
        lldt    ax
        sldt    ax
        P16     ax
ENDCASE
CASE "lldt local"
        mov     ax, LDTSEL|4
        lldt    ax
ENDCASE
CASE "lldt beyond"
        mov     ax, BEYOND
        lldt    ax
ENDCASE
CASE "ltr null"
        mov     ax, 0
        ltr     ax
ENDCASE
CASE "ltr local"
        mov     ax, TSSB|4
        ltr     ax
ENDCASE
CASE "ltr beyond"
        mov     ax, BEYOND
        ltr     ax
ENDCASE
CASE "ltr not present"
        SETDESC T1, TSS, 0xffff, 0x09
        mov     ax, T1
        ltr     ax
ENDCASE
        END_OF_RUN
END_OF_ROM
