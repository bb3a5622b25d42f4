; What memory there is: INT 12h, INT 15h 88h, E801h and E820h.

SMAP            equ 534d4150h           ; "SMAP"
E820_BYTES      equ 20
RANGE_RAM       equ 1
RANGE_RESERVED  equ 2

int12:  push    ds
        push    BDA_SEG
        pop     ds
        mov     ax, [bda_memory]
        pop     ds
        iret

; Where memory that is not reserved ends, below 4 GiB: EAX. DS is the BDA.
free_end:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     eax, [ebda_reserved]
        and     eax, 0fffff000h
        pop     ds
        ret

; 88h: KiB above 1 MiB, up to 63 MiB.
extended_memory:
        call    free_end
        sub     eax, 100000h
        shr     eax, 10
        cmp     eax, 0fc00h
        jbe     .done
        mov     eax, 0fc00h
.done:  mov     [bp + frame.eax], ax
        jmp     return_ok

; E801h: AX and CX KiB from 1 to 16 MiB, BX and DX 64 KiB above.
extended_memory_2:
        call    free_end
        xor     ebx, ebx
        cmp     eax, 1000000h
        jbe     .low
        lea     ebx, [eax - 1000000h]
        shr     ebx, 16
        mov     eax, 1000000h
.low:   sub     eax, 100000h
        shr     eax, 10
        mov     [bp + frame.eax], ax
        mov     [bp + frame.ecx], ax
        mov     [bp + frame.ebx], bx
        mov     [bp + frame.edx], bx
        jmp     return_ok

; E820h (ACPI 6.4, §15.1): EBX is the number of the range, 0 at first; a range to ES:DI, of ECX bytes at least 20.
memory_map:
        cmp     edx, SMAP
        jne     unsupported
        cmp     ecx, E820_BYTES
        jb      unsupported
        cmp     ebx, MEMORY_RANGES
        jae     unsupported
        call    memory_range
        jc      unsupported
        stosd                           ; base
        mov     eax, edx
        stosd
        mov     eax, ecx                ; length
        stosd
        mov     eax, esi
        stosd
        movzx   eax, byte [bp + frame.ebx]
        imul    si, ax, 2
        cs movzx eax, word [memory_ranges + si + MEMORY_RANGES * 2]
        stosd
.next:  inc     ebx                     ; the next one that is not empty
        cmp     ebx, MEMORY_RANGES
        jae     .last
        push    di
        call    memory_range
        pop     di
        jc      .next
        jmp     .done
.last:  xor     ebx, ebx
.done:  mov     [bp + frame.ebx], ebx
        mov     dword [bp + frame.eax], SMAP
        mov     dword [bp + frame.ecx], E820_BYTES
        jmp     return_ok

; Ranges in the order of their addresses: a routine for each, and its kind.
memory_ranges:
        dw      range_base, range_ebda, range_bios, range_main, range_tables, range_rom, range_high
MEMORY_RANGES   equ ($ - memory_ranges) / 2
        dw      RANGE_RAM, RANGE_RESERVED, RANGE_RESERVED, RANGE_RAM, RANGE_RESERVED, RANGE_RESERVED, RANGE_RAM

; Range EBX: EDX:EAX its base, ESI:ECX its length. CF: it is empty.
memory_range:
        push    ds
        push    bx
        push    EBDA_SEG
        pop     ds
        xor     edx, edx
        xor     esi, esi
        add     bx, bx
        cs call [memory_ranges + bx]
        pop     bx
        pop     ds
        cmp     ecx, 1
        jae     .done                   ; (no CF)
        cmp     esi, 1
.done:  ret

range_base:
        xor     eax, eax
        mov     ecx, EBDA_SEG << 4
        ret
range_ebda:
        mov     eax, EBDA_SEG << 4
        mov     ecx, EBDA_KIB << 10
        ret
range_bios:
        mov     eax, BIOS_LINEAR
        mov     ecx, 10000h
        ret
range_main:
        mov     eax, 100000h
        mov     ecx, [ebda_reserved]
        and     ecx, 0fffff000h
        sub     ecx, eax
        ret
range_tables:
        mov     eax, [ebda_reserved]
        and     eax, 0fffff000h
        mov     ecx, [ebda_low_top]
        sub     ecx, eax
        ret
range_rom:
        mov     eax, 0ffff0000h
        mov     ecx, 10000h
        ret
range_high:
        xor     eax, eax
        mov     edx, 1
        mov     ecx, [ebda_high]
        mov     esi, ecx
        shl     ecx, 16
        shr     esi, 16
        ret
