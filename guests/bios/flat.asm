; Segments of 4 GiB in real mode: a visit to protected mode loads their limits, which stay when real mode loads bases.

widen_segments:
        mov     bx, 16
        jmp     set_limits
narrow_segments:
        mov     bx, 24

; Gives all data segments the limit of descriptor BX; their bases stay those of real mode. Interrupts are off.
set_limits:
        push    ds
        push    es
        push    fs
        push    gs
        push    ss
        cs lgdt [gdt_pointer]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     8:.protected
.protected:
        mov     ds, bx
        mov     es, bx
        mov     fs, bx
        mov     gs, bx
        mov     ss, bx
        and     al, ~1
        mov     cr0, eax
        jmp     BIOS_SEG:.real
.real:  xor     ax, ax                  ; the stack is in segment 0 while this is called
        mov     ss, ax
        pop     ss
        pop     gs
        pop     fs
        pop     es
        pop     ds
        ret

        align   8
gdt:    dq      0
        dq      00009b0f0000ffffh       ; code: this segment
        dq      00cf93000000ffffh       ; data: 4 GiB
        dq      000093000000ffffh       ; data: 64 KiB
gdt_end:
gdt_pointer:
        dw      gdt_end - gdt - 1
        dd      BIOS_LINEAR + gdt
