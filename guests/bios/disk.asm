; INT 13h: disks (Phoenix, System BIOS for IBM PCs, "Diskette and Fixed Disk Services"; their extensions are in disk-extended.asm).
; Drives from 80h are hard disks, from e0h CDs, below 80h floppies (floppy.asm). While a service runs, DS is the EBDA, and ebda_drive
; says which drive it is for; a handler returns the status in AH, and CF if it is an error.

STATUS_OK       equ 00h
STATUS_INVALID  equ 01h
STATUS_NO_SECTOR equ 04h
STATUS_LOCKED   equ 0b1h
STATUS_NO_MEDIA equ 31h
STATUS_FAILED   equ 20h
STATUS_TIMEOUT  equ 80h
STATUS_UNDEFINED equ 0bbh

MAX_CYLINDERS   equ 1024                ; that INT 13h can name
MAX_TRACK       equ 63

disk_functions:
        on      00h, disk_ok
        on      01h, disk_last_status
        on      02h, disk_read
        on      03h, disk_write
        on      04h, disk_verify
        on      08h, disk_parameters
        on      09h, disk_ok
        on      0ch, disk_ok
        on      0dh, disk_ok
        on      10h, disk_ok
        on      11h, disk_ok
        on      14h, disk_ok
        on      15h, disk_type
        on      41h, extended_present
        on      42h, extended_read
        on      43h, extended_write
        on      44h, extended_verify
        on      47h, extended_seek
        on      48h, extended_parameters
        on      4eh, disk_ok
        otherwise disk_invalid

cd_functions:
        on      00h, disk_ok
        on      01h, disk_last_status
        on      08h, disk_parameters
        on      09h, disk_ok
        on      0ch, disk_ok
        on      0dh, disk_ok
        on      10h, cd_ready
        on      11h, disk_ok
        on      14h, disk_ok
        on      15h, disk_type
        on      41h, extended_present
        on      42h, extended_read
        on      43h, disk_write_protected
        on      44h, extended_verify
        on      47h, extended_seek
        on      48h, extended_parameters
        on      4bh, cd_emulation
        on      4eh, disk_ok
        otherwise disk_invalid

int13:  cmp     dl, 80h
        jb      int13_floppy
        sti
        enter_service
        push    EBDA_SEG
        pop     ds
        call    find_drive
        jc      .none
        mov     si, disk_functions
        cmp     dl, CD_FIRST
        jb      .go
        mov     si, cd_functions
.go:    call    dispatch
        jmp     .end
.none:  mov     ah, STATUS_INVALID
        stc
.end:   call    end_disk_service
        leave_service

; The service's result, AH and CF, goes to the caller and to the BDA.
end_disk_service:
        mov     [bp + frame.eax + 1], ah
        push    BDA_SEG
        pop     ds
        jc      .error
        mov     byte [bda_disk], 0
        jmp     return_ok
.error: mov     [bda_disk], ah
        jmp     return_error

; The record of drive DL to ebda_drive. CF: there is no such drive.
find_drive:
        push    ax
        push    cx
        push    si
        mov     ax, DRIVE_DISK << 8 | 80h
        cmp     dl, CD_FIRST
        jb      .kind
        mov     ax, DRIVE_CD << 8 | CD_FIRST
.kind:  neg     al
        add     al, dl                  ; the number among those of its kind
        mov     cx, DRIVES
        mov     si, ebda_drives
.next:  cmp     [si + drive.kind], ah
        jne     .other
        sub     al, 1
        jc      .found
.other: add     si, drive.size
        loop    .next
        stc
        jmp     .done
.found: mov     [ebda_drive], si
        clc
.done:  pop     si
        pop     cx
        pop     ax
        ret

disk_ok:
        xor     ah, ah
        ret
disk_invalid:
        mov     ah, STATUS_INVALID
        stc
        ret
disk_write_protected:
        mov     ah, 03h
        stc
        ret

; 01h: the status of the service before this one is the answer's status too.
disk_last_status:
        push    BDA_SEG
        pop     ds
        mov     ah, [bda_disk]
        mov     byte [bda_disk], 0
        push    EBDA_SEG
        pop     ds
        cmp     ah, 1
        cmc
        ret

disk_read:
        mov     al, TRANSFER_READ
        jmp     disk_transfer
disk_write:
        mov     al, TRANSFER_WRITE
        jmp     disk_transfer
disk_verify:
        mov     al, TRANSFER_VERIFY

; 02h to 04h: AL sectors (the caller's) from cylinder, head and sector in CX and DH, at ES:BX. AL tells how many were moved.
disk_transfer:
        push    ax
        mov     si, [ebda_drive]
        movzx   ax, byte [bp + frame.eax]
        test    al, al
        jz      .invalid
        cmp     al, 80h
        ja      .invalid
        mov     [ebda_count], ax
        mov     [ebda_buffer], bx
        mov     ax, [bp + frame.es]
        mov     [ebda_buffer + 2], ax
        call    sector_of_chs
        jc      .invalid
        pop     ax
        call    transfer
        mov     al, [ebda_done]
        mov     [bp + frame.eax], al
        ret
.invalid:
        pop     ax
        mov     byte [bp + frame.eax], 0
        jmp     disk_invalid

; CX, DH to a sector number in ebda_lba, by the geometry of the drive at SI. CF: there is no such sector.
sector_of_chs:
        pushad
        mov     al, cl
        and     ax, 3fh
        jz      .none
        cmp     ax, [si + drive.track]
        ja      .none
        movzx   ebx, ax
        dec     ebx
        movzx   edi, dh
        cmp     di, [si + drive.heads]
        jae     .none
        mov     al, ch                  ; ten bits
        mov     ah, cl
        shr     ah, 6
        cmp     ax, [si + drive.cylinders]
        jae     .none
        movzx   eax, ax
        movzx   ecx, word [si + drive.heads]
        mul     ecx
        add     eax, edi
        movzx   ecx, word [si + drive.track]
        mul     ecx
        add     eax, ebx
        mov     [ebda_lba], eax
        mov     dword [ebda_lba + 4], 0
        clc
        jmp     .done
.none:  stc
.done:  popad
        ret

; 08h: the last cylinder, head and sector, and how many drives there are.
disk_parameters:
        mov     si, [ebda_drive]
        cmp     byte [si + drive.kind], DRIVE_DISK
        jne     disk_invalid
        mov     ax, [si + drive.cylinders]
        sub     ax, 2                   ; the last one is left to diagnostics
        adc     ax, 0
        mov     ch, al
        mov     cl, ah
        shl     cl, 6
        or      cl, [si + drive.track]
        mov     [bp + frame.ecx], cx
        mov     dh, [si + drive.heads]
        dec     dh
        push    ds
        push    BDA_SEG
        pop     ds
        mov     dl, [bda_disks]
        pop     ds
        mov     [bp + frame.edx], dx
        mov     byte [bp + frame.eax], 0
        xor     ah, ah
        ret

; 15h: AH is what kind of disk it is, CX and DX how many sectors INT 13h can name of it.
disk_type:
        mov     si, [ebda_drive]
        cmp     byte [si + drive.kind], DRIVE_DISK
        jne     disk_invalid
        mov     ax, [si + drive.heads]
        mul     word [si + drive.track]
        mov     cx, [si + drive.cylinders]
        dec     cx
        mul     cx
        mov     [bp + frame.ecx], dx
        mov     [bp + frame.edx], ax
        mov     ah, 3
        clc
        ret

; Moves ebda_count sectors from ebda_lba of the drive at SI to or from ebda_buffer: AL says how.
TRANSFER_READ   equ 0
TRANSFER_WRITE  equ 1
TRANSFER_VERIFY equ 2
transfer:
        cmp     byte [si + drive.kind], DRIVE_CD
        je      cd_transfer
        cmp     byte [si + drive.unit], UNIT_VIRTIO
        je      virtio_transfer
        jmp     ata_transfer
