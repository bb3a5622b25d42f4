; INT 13h: extensions for large disks (Enhanced Disk Drive Specification 1.1; Phoenix), and for CDs ("El Torito" 1.0, chapter 4).

EDD_VERSION     equ 21h                 ; 1.1
EDD_ACCESS      equ 1                   ; the functions with packets
PARAMETER_BYTES equ 1ah
PARAMETER_BYTES_DPTE equ 1eh
GEOMETRY_VALID  equ 2
CD_REMOVABLE    equ 74h                 ; removable, lockable, tells when it was changed, no geometry

; 41h: BX is turned around.
extended_present:
        cmp     bx, 55aah
        jne     disk_invalid
        mov     word [bp + frame.ebx], 0aa55h
        mov     word [bp + frame.ecx], EDD_ACCESS
        mov     ah, EDD_VERSION
        clc
        ret

extended_read:
        mov     al, TRANSFER_READ
        jmp     extended_transfer
extended_write:
        mov     al, TRANSFER_WRITE
        jmp     extended_transfer
extended_verify:
        mov     al, TRANSFER_VERIFY
        jmp     extended_transfer
extended_seek:
        mov     al, TRANSFER_SEEK
TRANSFER_SEEK   equ 3

; A packet at the caller's DS:SI: its length, 0, count, buffer, sector.
extended_transfer:
        push    es
        mov     es, [bp + frame.ds]
        es cmp  byte [si], 10h
        jb      .invalid
        mov     ebx, [es:si + 8]
        mov     [ebda_lba], ebx
        mov     ebx, [es:si + 12]
        mov     [ebda_lba + 4], ebx
        mov     ebx, [es:si + 4]
        mov     [ebda_buffer], ebx
        mov     cx, [es:si + 2]
        mov     [ebda_count], cx
        cmp     al, TRANSFER_SEEK
        je      .check
        cmp     cx, 127
        ja      .invalid
        mov     di, si
        mov     si, [ebda_drive]
        push    di
        call    check_range
        jc      .moved
        call    transfer
.moved: pop     si
        mov     cx, [ebda_done]
        mov     es, [bp + frame.ds]
        mov     [es:si + 2], cx
        pop     es
        ret
.check: mov     word [ebda_count], 1
        mov     si, [ebda_drive]
        call    check_range
        pop     es
        ret
.invalid:
        pop     es
        jmp     disk_invalid

; The sectors are on the drive at SI. CF and AH: they are not.
check_range:
        push    ebx
        push    edx
        mov     word [ebda_done], 0
        movzx   ebx, word [ebda_count]
        xor     edx, edx
        add     ebx, [ebda_lba]
        adc     edx, [ebda_lba + 4]
        jc      .outside
        cmp     [si + drive.sectors], ebx
        mov     ebx, [si + drive.sectors + 4]
        sbb     ebx, edx
        jc      .outside
        mov     ah, STATUS_OK
        jmp     .done
.outside:
        mov     ah, STATUS_INVALID
        stc
.done:  pop     edx
        pop     ebx
        ret

; 48h: parameters to the caller's DS:SI.
extended_parameters:
        push    es
        mov     es, [bp + frame.ds]
        mov     di, si
        mov     si, [ebda_drive]
        es cmp  word [di], PARAMETER_BYTES
        jb      .invalid
        es cmp  word [di], PARAMETER_BYTES_DPTE
        mov     ax, PARAMETER_BYTES
        jb      .length
        es mov  dword [di + 1ah], -1    ; no table of the drive's registers
        mov     ax, PARAMETER_BYTES_DPTE
.length:
        stosw
        cmp     byte [si + drive.kind], DRIVE_CD
        je      .cd
        mov     ax, GEOMETRY_VALID
        stosw
        movzx   eax, word [si + drive.own_cylinders]
        stosd
        movzx   eax, word [si + drive.own_heads]
        stosd
        movzx   eax, word [si + drive.own_track]
        stosd
        mov     eax, [si + drive.sectors]
        stosd
        mov     eax, [si + drive.sectors + 4]
        stosd
        mov     ax, 512
        jmp     .end
.cd:    mov     ax, CD_REMOVABLE
        stosw
        mov     eax, -1                 ; none of it is known
        mov     cx, 5
        rep     stosd
        mov     ax, CD_BLOCK
.end:   stosw
        pop     es
        xor     ah, ah
        ret
.invalid:
        pop     es
        jmp     disk_invalid

; 4bh: AL 0 ends emulation, of which there is none; 1 asks. Either way the packet at DS:SI tells what was started.
cd_emulation:
        cmp     al, 1
        ja      disk_invalid
        cmp     [ebda_cd_status + 2], dl
        jne     disk_invalid
        push    es
        mov     es, [bp + frame.ds]
        mov     di, si
        mov     si, ebda_cd_status
        mov     cx, 13h
        rep     movsb
        pop     es
        mov     byte [bp + frame.eax], 0
        xor     ah, ah
        ret
