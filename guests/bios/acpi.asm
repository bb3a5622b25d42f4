; ACPI tables: the board's fw_cfg has them as files and, in etc/table-loader, what is to be done with them: entries of 128 bytes, a
; command and its arguments (QEMU, hw/acpi/bios-linker-loader.c).
;
;   1  allocate     file, alignment, zone (1 anywhere, 2 in this segment)
;   2  add pointer  file, file pointed to, offset in the first, size: the second's address is added to what is there
;   3  checksum     file, offset of the sum, first byte, length

LOADER          equ 0a000h
LOADER_MAX      equ 5000h
LOADER_ENTRY    equ 128
LOADED          equ 9000h               ; files that are in memory
LOADED_MAX      equ 32
EBDA_LINEAR     equ EBDA_SEG << 4
TABLES_MAX      equ 1000000h

struc loaded
.name:          resb 56
.address:       resd 1
.bytes:         resd 1
.size:
endstruc

loader_name:    db      "etc/table-loader", 0

place_acpi_tables:
        pushad
        push    ds
        push    cs
        pop     ds
        mov     si, loader_name
        call    fwcfg_find
        jc      .none
        cmp     ecx, LOADER_MAX
        ja      .none
        mov     ebp, ecx
        shr     ebp, 7
        mov     edi, LOADER
        call    fwcfg_read
        push    0
        pop     ds
        mov     word [LOADED - 2], 0    ; how many are loaded
        mov     esi, LOADER
.next:  sub     ebp, 1
        jc      .none
        pushad
        mov     eax, [esi]
        cmp     eax, 1
        jne     .pointer
        call    load_file
        jmp     .done
.pointer:
        cmp     eax, 2
        jne     .sum
        call    add_pointer
        jmp     .done
.sum:   cmp     eax, 3
        jne     .done
        call    add_checksum
.done:  popad
        add     esi, LOADER_ENTRY
        jmp     .next
.none:  pop     ds
        popad
        ret

; ESI: a loader entry; DS and ES are 0.
load_file:
        cmp     word [LOADED - 2], LOADED_MAX
        jae     .none
        push    si
        add     si, 4
        call    fwcfg_find
        pop     si
        jc      .none
        cmp     ecx, TABLES_MAX
        ja      .none
        mov     edx, [esi + 60]         ; alignment, a power of two
        cmp     byte [esi + 64], 2
        je      .low
        mov     edi, [dword EBDA_LINEAR + ebda_reserved]
        sub     edi, ecx
        neg     edx
        and     edi, edx
        mov     [dword EBDA_LINEAR + ebda_reserved], edi
        jmp     .place
.low:   call    take_table_area
        jc      .none
.place: movzx   ebx, word [LOADED - 2]
        inc     word [LOADED - 2]
        shl     bx, 6
        add     bx, LOADED
        mov     [bx + loaded.address], edi
        mov     [bx + loaded.bytes], ecx
        push    edi
        push    ecx
        add     si, 4
        mov     di, bx
        mov     cx, 28
        rep     movsw
        pop     ecx
        pop     edi
        call    fwcfg_read
.none:  ret

; ECX bytes of the table area: EDI their address. CF: there is no room.
take_table_area:
        movzx   edi, word [dword EBDA_LINEAR + ebda_f_next]
        add     edi, 15
        and     di, ~15
        push    ecx
        add     ecx, edi
        cmp     ecx, TABLE_AREA_END
        ja      .full
        mov     [dword EBDA_LINEAR + ebda_f_next], cx
        pop     ecx
        add     edi, BIOS_LINEAR
        clc
        ret
.full:  pop     ecx
        stc
        ret

; SI: a name; BX: what is loaded by this name. CF: nothing is.
find_loaded:
        push    cx
        mov     bx, LOADED
        mov     cx, [LOADED - 2]
        jcxz    .none
.next:  push    cx
        push    si
        mov     di, bx
        call    same_name
        pop     si
        pop     cx
        je      .found
        add     bx, loaded.size
        loop    .next
.none:  stc
.found: pop     cx                      ; (CF is clear after an equal comparison)
        ret

add_pointer:
        push    si
        add     si, 60
        call    find_loaded
        pop     si
        jc      .none
        mov     edx, [bx + loaded.address]
        push    si
        add     si, 4
        call    find_loaded
        pop     si
        jc      .none
        mov     edi, [esi + 116]        ; offset
        mov     al, [esi + 120]         ; size
        mov     ecx, [bx + loaded.bytes]
        sub     ecx, 4
        jc      .none
        cmp     edi, ecx
        ja      .none
        add     edi, [bx + loaded.address]
        cmp     al, 4
        jae     .long
        add     [edi], dx
        ret
.long:  add     [edi], edx
.none:  ret

add_checksum:
        push    si
        add     si, 4
        call    find_loaded
        pop     si
        jc      .none
        mov     edx, [esi + 64]         ; first byte
        mov     ecx, [esi + 68]         ; how many
        mov     edi, [esi + 60]         ; where the sum is
        mov     eax, [bx + loaded.bytes]
        cmp     edi, eax
        jae     .none
        cmp     edx, eax
        ja      .none
        sub     eax, edx
        cmp     ecx, eax
        ja      .none
        add     edi, [bx + loaded.address]
        add     edx, [bx + loaded.address]
        call    sum_bytes
        sub     [edi], al
.none:  ret

; AL: the sum of ECX bytes at EDX in DS.
sum_bytes:
        xor     al, al
        jecxz   .done
.next:  add     al, [edx]
        inc     edx
        dec     ecx
        jnz     .next
.done:  ret
