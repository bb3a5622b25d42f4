; INT 15h: system services; INT 11h.

system_functions:
        on      24h, a20_service
        on      4fh, keyboard_intercept
        on      53h, unsupported        ; APM is not there
        on      86h, wait_service
        on      87h, move_block
        on      88h, extended_memory
        on      90h, system_nothing
        on      91h, system_nothing
        on      0c0h, system_configuration
        on      0c1h, ebda_segment
        on      0e8h, large_memory
        otherwise unsupported

int15:  enter_service
        mov     si, system_functions
        call    dispatch
        leave_service

int11:  push    ds
        push    BDA_SEG
        pop     ds
        mov     ax, [bda_equipment]
        pop     ds
        iret

; E8h: by AL.
large_memory:
        cmp     al, 01h
        je      extended_memory_2
        cmp     al, 20h
        je      memory_map
        jmp     unsupported

; 4fh: the scan code, AL, is to be used as it is, which CF says.
keyboard_intercept:
        jmp     return_error

; 90h, 91h: devices that are waited for, and have come.
system_nothing:
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok

; 24h: A20, by port 92h. AL 0 off, 1 on, 2 how it is, 3 what can do it.
A20_PORT        equ 92h
A20_ON          equ 2
A20_BY_KBC      equ 1
A20_BY_PORT92   equ 2
a20_service:
        cmp     al, 3
        ja      unsupported
        je      .support
        cmp     al, 1
        ja      .ask
        call    set_a20
        jmp     .ok
.ask:   in      al, A20_PORT
        shr     al, 1
        and     al, 1
        mov     [bp + frame.eax], al
        jmp     .ok
.support:
        mov     word [bp + frame.ebx], A20_BY_KBC | A20_BY_PORT92
.ok:    mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok

; AL: 1 on, 0 off. AL: how it was.
set_a20:
        push    bx
        mov     bl, al
        in      al, A20_PORT
        mov     bh, al
        and     al, ~(A20_ON | 1)
        add     bl, bl
        or      al, bl
        out     A20_PORT, al
        mov     al, bh
        shr     al, 1
        and     al, 1
        pop     bx
        ret

; 86h: waits CX:DX microseconds.
wait_service:
        sti
        mov     ax, cx
        shl     eax, 16
        mov     ax, dx
        call    wait_microseconds
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok

; 87h: moves CX words between any addresses of 32 bits. ES:SI is a table of six descriptors; the caller has filled in those of source (10h) and
; destination (18h); the others are for us: 8 the table itself, 20h code, 28h stack.
BLOCK_SOURCE    equ 10h
BLOCK_DESTINATION equ 18h
BLOCK_CODE      equ 20h
BLOCK_DATA      equ 28h
MAX_WORDS       equ 8000h
move_block:
        cmp     cx, MAX_WORDS
        ja      .refuse
        cli
        mov     al, 1
        call    set_a20
        push    ax
        push    ds
        push    es
        xor     eax, eax
        mov     ax, es
        shl     eax, 4
        movzx   edx, si
        add     eax, edx
        es mov  word [si + 8], 2fh      ; 8: what LGDT takes
        es mov  [si + 10], eax
        es mov  dword [si + BLOCK_CODE], 0000ffffh
        es mov  dword [si + BLOCK_CODE + 4], 00009b0fh
        es mov  dword [si + BLOCK_DATA], 0000ffffh
        es mov  dword [si + BLOCK_DATA + 4], 00009300h
        es lgdt [si + 8]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     BLOCK_CODE:.protected
.protected:
        push    BLOCK_SOURCE
        pop     ds
        push    BLOCK_DESTINATION
        pop     es
        xor     si, si
        xor     di, di
        rep     movsw
        push    BLOCK_DATA              ; limits of real mode
        pop     ds
        push    BLOCK_DATA
        pop     es
        and     al, ~1
        mov     cr0, eax
        jmp     BIOS_SEG:.real
.real:  pop     es
        pop     ds
        pop     ax
        call    set_a20
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok
.refuse:
        mov     byte [bp + frame.eax + 1], 2
        jmp     return_error

; C0h: what kind of machine it is, at ES:BX.
system_configuration:
        mov     word [bp + frame.es], BIOS_SEG
        mov     word [bp + frame.ebx], configuration
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok

configuration:  dw      8               ; bytes that follow
                db      0fch, 0, 1      ; AT
                db      74h             ; a second interrupt controller, a clock, 4fh is called, there is an extended BDA
                db      40h, 0, 0, 0    ; INT 16h has 09h

; C1h: ES is the extended BIOS data area.
ebda_segment:
        push    word [bda_ebda]
        pop     word [bp + frame.es]
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok
