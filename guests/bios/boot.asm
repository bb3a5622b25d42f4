; INT 19h and 18h: what to start. The order is in CMOS (QEMU's bytes): 3dh the first in bits 0 to 3, the second in 4 to 7; 38h the third in 4
; to 7; 1 floppy, 2 hard disk, 3 CD, 0 no more.

BOOT_FIRST      equ 3dh
BOOT_LAST       equ 38h
BOOT_DEFAULT    equ 132h                ; hard disk, CD, floppy
SIGNATURE       equ 0aa55h
SIGNATURE_AT    equ 510

int19:  call    start_order
; INT 18h: what was started found nothing; on to the next.
int18:  cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, BOOT_ADDRESS
        mov     es, ax
        sti
        cld
.next:  push    EBDA_SEG
        pop     ds
        mov     ax, [ebda_boot_next]
        mov     bx, ax
        shr     bx, 4
        mov     [ebda_boot_next], bx
        and     ax, 15
        jz      .nothing
        cmp     al, 1
        je      .floppy
        cmp     al, 2
        je      .disk
        cmp     al, 3
        jne     .next
        call    start_cd
        jmp     .next
.disk:  mov     si, text_disk
        mov     dl, 80h
        call    start_sector
        jmp     .next
.floppy:
        mov     si, text_floppy
        mov     dl, 0
        call    start_sector
        jmp     .next
.nothing:
        mov     si, text_nothing
        call    print
.wait:  sti
        hlt
        jmp     .wait

text_disk:      db      "Booting from hard disk", 13, 10, 0
text_floppy:    db      "Booting from floppy", 13, 10, 0
text_cd:        db      "Booting from CD", 13, 10, 0
text_nothing:   db      "Nothing to boot from", 13, 10, 0

; Reads the boot order into ebda_boot_next, the first in bits 0 to 3.
start_order:
        pusha
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     al, BOOT_LAST
        call    read_cmos
        movzx   cx, al
        shr     cl, 4
        mov     al, BOOT_FIRST
        call    read_cmos
        mov     ah, cl
        test    al, al
        jnz     .given
        mov     ax, BOOT_DEFAULT
.given: mov     [ebda_boot_next], ax
        pop     ds
        popa
        ret

; Starts the first sector of disk DL, if it is one to start, with the text at SI before. Comes back if not.
start_sector:
        mov     di, 3                   ; a floppy may need another try after it was changed
.again: push    si
        push    di
        xor     ax, ax
        mov     es, ax
        mov     ax, 0201h
        mov     bx, BOOT_ADDRESS
        mov     cx, 1
        mov     dh, 0
        int     13h
        pop     di
        pop     si
        jnc     .read
        xor     ah, ah
        int     13h
        dec     di
        jnz     .again
        ret
.read:  es cmp  word [BOOT_ADDRESS + SIGNATURE_AT], SIGNATURE
        je      .start
        ret
.start: call    print
        xor     cx, cx

; Starts what has been loaded, with its drive DL: at segment CX, or where boot sectors are if that is 0.
enter_boot:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     sp, BOOT_ADDRESS
        push    cx
        test    cx, cx
        jnz     .entry
        push    BOOT_ADDRESS
        jmp     .go
.entry: push    ax
.go:    movzx   edx, dl
        xor     eax, eax
        xor     ebx, ebx
        xor     ecx, ecx
        xor     esi, esi
        xor     edi, edi
        xor     ebp, ebp
        retf
