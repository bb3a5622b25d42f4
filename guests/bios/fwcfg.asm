; QEMU's firmware configuration device (QEMU, docs/specs/fw_cfg.rst): files that the board has for its firmware.

FWCFG_SELECT    equ 510h
FWCFG_DATA      equ 511h
FWCFG_SIGNATURE equ 0
FWCFG_DIRECTORY equ 19h
FWCFG_ENTRY     equ 64                  ; size (big endian), item (big endian), reserved, name of 56 bytes

; AX: an item; reading begins at its start.
fwcfg_select:
        push    dx
        mov     dx, FWCFG_SELECT
        out     dx, ax
        pop     dx
        ret

; ECX bytes to ES:EDI, which moves on.
fwcfg_read:
        push    dx
        mov     dx, FWCFG_DATA
        a32 rep insb
        pop     dx
        ret

; Looks for a file and selects it. SI: its name, 0 at the end, in DS. CF: there is none; else ECX its size.
fwcfg_find:
        push    eax
        push    ebx
        push    edi
        push    es
        push    0
        pop     es
        mov     ax, FWCFG_SIGNATURE
        call    fwcfg_select
        mov     edi, POST_BUFFER
        mov     ecx, 4
        call    fwcfg_read
        es cmp  dword [POST_BUFFER], "QEMU"
        jne     .none
        mov     ax, FWCFG_DIRECTORY
        call    fwcfg_select
        mov     edi, POST_BUFFER
        mov     ecx, 4
        call    fwcfg_read
        es mov  ebx, [POST_BUFFER]
        bswap   ebx
        and     ebx, 0ffffh
.next:  sub     ebx, 1
        jc      .none
        mov     edi, POST_BUFFER
        mov     ecx, FWCFG_ENTRY
        call    fwcfg_read
        push    si
        mov     di, POST_BUFFER + 8
        call    same_name
        pop     si
        jne     .next
        es mov  ax, [POST_BUFFER + 4]
        xchg    al, ah
        call    fwcfg_select
        es mov  ecx, [POST_BUFFER]
        bswap   ecx
        clc
        jmp     .done
.none:  stc
.done:  pop     es
        pop     edi
        pop     ebx
        pop     eax
        ret

; Compares the names at DS:SI and ES:DI, which end with 0 or after 56 bytes. ZF: they are the same.
same_name:
        mov     cx, 56
.next:  mov     al, [si]
        es cmp  al, [di]
        jne     .done
        test    al, al
        je      .done
        inc     si
        inc     di
        loop    .next
.done:  ret

serial_name:    db      "etc/sercon-port", 0

; The port of a serial console, if the board wants one: a word.
find_serial_console:
        push    ds
        push    cs
        pop     ds
        mov     si, serial_name
        call    fwcfg_find
        pop     ds
        jc      .none
        push    es
        push    EBDA_SEG
        pop     es
        mov     edi, ebda_serial
        mov     ecx, 2
        call    fwcfg_read
        call    start_serial_console
        pop     es
.none:  ret
