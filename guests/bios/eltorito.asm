; Starting from a CD without emulation ("El Torito" Bootable CD-ROM Format Specification 1.0).

CD_BLOCK        equ 2048
CD_FIRST        equ 0e0h                ; the number of the first CD drive
BOOT_RECORD     equ 17                  ; block
CATALOG_AT      equ 47h                 ; the catalog's block, in the boot record
ENTRY_DEFAULT   equ 20h                 ; the initial entry, in the catalog
BOOTABLE        equ 88h
NO_EMULATION    equ 0
DEFAULT_SEGMENT equ 7c0h
; Where an image may end: the extended BIOS data area.
IMAGE_END       equ EBDA_SEG

boot_record:    db      0, "CD001", 1, "EL TORITO SPECIFICATION", 0
BOOT_RECORD_BYTES equ $ - boot_record

; Comes back if there is nothing to start. DS is the EBDA, ES 0.
start_cd:
        mov     dl, CD_FIRST
        mov     eax, BOOT_RECORD
        call    read_to_buffer
        jc      .none
        mov     si, boot_record
        mov     di, POST_BUFFER
        mov     cx, BOOT_RECORD_BYTES
.compare:
        cs lodsb
        es cmp  al, [di]
        jne     .none
        inc     di
        loop    .compare
        es mov  eax, [POST_BUFFER + CATALOG_AT]
        call    read_to_buffer
        jc      .none
        call    check_catalog
        jne     .none
        mov     di, POST_BUFFER + ENTRY_DEFAULT
        es cmp  byte [di], BOOTABLE
        jne     .none
        es mov  al, [di + 1]
        and     al, 15
        cmp     al, NO_EMULATION
        jne     .none
        es mov  ax, [di + 2]            ; load segment
        test    ax, ax
        jnz     .segment
        mov     ax, DEFAULT_SEGMENT
.segment:
        es mov  cx, [di + 6]            ; how many sectors of 512 bytes
        test    cx, cx
        jnz     .count
        mov     cx, 1
.count: es mov  ebx, [di + 8]           ; from which block
        call    tell_cd
        call    load_image
        jc      .none
        push    cs
        mov     si, text_cd
        pop     ds
        call    print
        mov     cx, ax
        cmp     cx, DEFAULT_SEGMENT
        jne     enter_boot
        xor     cx, cx                  ; 07c0:0 is entered as 0:7c00
        jmp     enter_boot
.none:  ret

; The words of the validation entry, 32 bytes, sum to 0; it begins with 1 and ends with 55 aa. ZF: so it is.
check_catalog:
        es cmp  byte [POST_BUFFER], 1
        jne     .done
        es cmp  word [POST_BUFFER + 1eh], SIGNATURE
        jne     .done
        mov     di, POST_BUFFER
        mov     cx, 16
        xor     ax, ax
.next:  es add  ax, [di]
        add     di, 2
        loop    .next
        test    ax, ax
.done:  ret

; Block EAX of drive DL to the buffer. CF: it cannot be read.
read_to_buffer:
        push    cx
        push    bx
        mov     cx, 1
        mov     bx, POST_BUFFER
        call    read_blocks
        pop     bx
        pop     cx
        ret

; CX blocks from EAX of drive DL to ES:BX.
read_blocks:
        push    si
        push    ds
        push    dword 0                 ; the packet
        push    eax
        push    es
        push    bx
        push    cx
        push    word 10h
        mov     si, sp
        push    ss
        pop     ds
        push    ax
        mov     ah, 42h
        int     13h
        pop     ax
        lea     sp, [si + 10h]
        pop     ds
        pop     si
        ret

; What INT 13h, 4Bh will tell: drive DL, load segment AX, CX sectors, block EBX.
tell_cd:
        mov     byte [ebda_cd_status], 13h
        mov     byte [ebda_cd_status + 1], NO_EMULATION
        mov     [ebda_cd_status + 2], dl
        push    ax
        mov     si, [ebda_drive]
        cmp     word [si + drive.port], 1f0h
        setne   [ebda_cd_status + 3]    ; which channel
        cmp     byte [si + drive.unit], 0a0h
        setne   al                      ; which of its drives
        mov     ah, 0
        mov     [ebda_cd_status + 8], ax
        mov     word [ebda_cd_status + 10], 0
        pop     ax
        mov     [ebda_cd_status + 4], ebx
        mov     [ebda_cd_status + 12], ax
        mov     [ebda_cd_status + 14], cx
        ret

; Loads CX sectors of 512 bytes from block EBX of drive DL to AX:0. CF: that cannot be.
load_image:
        push    ax
        push    es
        movzx   ecx, cx
        add     ecx, 3
        shr     ecx, 2                  ; blocks
        movzx   edi, ax
        mov     esi, ecx
        shl     esi, 7                  ; paragraphs
        add     edi, esi
        cmp     edi, IMAGE_END
        ja      .fail
        mov     es, ax
        mov     eax, ebx
        xor     bx, bx
.next:  push    cx
        mov     si, cx
        cmp     cx, 16
        jbe     .some
        mov     cx, 16
.some:  sub     si, cx
        call    read_blocks
        jc      .failed
        movzx   ecx, cx
        add     eax, ecx
        shl     cx, 7
        mov     bx, es
        add     bx, cx
        mov     es, bx
        xor     bx, bx
        pop     cx
        mov     cx, si
        test    cx, cx
        jnz     .next
        clc
        jmp     .done
.failed:
        pop     cx
.fail:  stc
.done:  pop     es
        pop     ax
        ret
