; From reset to the first sector of a disk.
;
; While the machine is being set up, DS is the BDA and ES 0, and the limits of segments are 4 GiB, so that all of memory is in reach;
; interrupts are off until there is something to start.

CMOS_SHUTDOWN   equ 0fh                 ; where a reset goes: 5 and 0ah to the address at 40:67
SHUTDOWN_EOI    equ 05h
SHUTDOWN_JUMP   equ 0ah

power_on:
        cli
        cld
        mov     al, CMOS_SHUTDOWN | 80h
        out     70h, al
        in      al, 71h
        mov     bl, al
        mov     al, CMOS_SHUTDOWN | 80h
        out     70h, al
        xor     al, al
        out     71h, al
        mov     ax, BDA_SEG
        mov     ds, ax
        cmp     bl, SHUTDOWN_EOI
        je      .resume_eoi
        cmp     bl, SHUTDOWN_JUMP
        jne     .cold
        jmp     far [bda_warm_vector]
.resume_eoi:
        mov     al, 20h
        out     20h, al
        jmp     far [bda_warm_vector]

.cold:  xor     ax, ax
        mov     ss, ax
        mov     sp, POST_STACK
        call    enable_shadow
        call    widen_segments
        xor     ax, ax
        mov     es, ax
        push    BDA_SEG
        pop     ds
        call    set_vectors
        call    clear_data_areas
        call    set_up_chips
        call    set_up_apic
        call    size_memory
        call    find_serial_console
        call    set_up_pci
        call    set_up_video
        call    set_up_keyboard
        call    find_ports
        call    set_up_clock
        call    find_floppies
        call    find_drives
        call    place_acpi_tables
        call    place_smbios
        call    narrow_segments
        sti
        mov     si, banner
        call    print
        int     19h

banner: db      "tcgjs BIOS", 13, 10, 13, 10, 0

; The first MiB behind the frame buffer becomes memory, with this BIOS where it was: the 440FX's PAM registers (Intel 290549, 59h to
; 5Fh). The ROM vanishes at that moment, so this runs from a copy.
PAM             equ 59h
PAM_MEMORY      equ 33h
COPY_SEG        equ 1000h
enable_shadow:
        mov     ax, BIOS_SEG
        mov     dx, COPY_SEG
        call    copy_segment
        jmp     COPY_SEG:.in_copy
.in_copy:
        mov     bx, 0                   ; host bridge
        mov     di, PAM
        mov     al, PAM_MEMORY
.next:  call    pci_write_byte
        inc     di
        cmp     di, PAM + 7
        jne     .next
        mov     ax, COPY_SEG
        mov     dx, BIOS_SEG
        call    copy_segment
        jmp     BIOS_SEG:.in_shadow
.in_shadow:
        ret

; 64 KiB from segment AX to DX.
copy_segment:
        mov     ds, ax
        mov     es, dx
        xor     si, si
        xor     di, di
        mov     cx, 4000h
        rep     movsd
        ret

; The sizes of memory, as CMOS has them (QEMU's bytes): 34h and 35h above 16 MiB in 64 KiB; if there is none, 30h and 31h above 1 MiB in KiB; 5bh
; to 5dh above 4 GiB in 64 KiB. Reserved memory will grow down from the end.
size_memory:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     al, 34h
        call    read_cmos_word
        movzx   eax, ax
        shl     eax, 16
        jz      .small
        add     eax, 1000000h
        jmp     .have
.small: mov     al, 30h
        call    read_cmos_word
        movzx   eax, ax
        shl     eax, 10
        add     eax, 100000h
.have:  mov     [ebda_low_top], eax
        mov     [ebda_reserved], eax
        mov     al, 5ch
        call    read_cmos_word
        shl     eax, 16
        mov     al, 5bh
        call    read_cmos
        mov     ah, al
        mov     al, 5ch
        call    read_cmos
        xchg    al, ah
        movzx   ecx, ax
        mov     al, 5dh
        call    read_cmos
        movzx   eax, al
        shl     eax, 16
        or      eax, ecx
        mov     [ebda_high], eax
        pop     ds
        ret
