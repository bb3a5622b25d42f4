; Drives on the IDE channels (ATA/ATAPI-6), by programmed I/O and without interrupts.

; Offsets in the command block.
ATA_DATA        equ 0
ATA_ERROR       equ 1
ATA_COUNT       equ 2
ATA_LBA_LOW     equ 3
ATA_LBA_MID     equ 4
ATA_LBA_HIGH    equ 5
ATA_DEVICE      equ 6
ATA_STATUS      equ 7

ATA_BUSY        equ 80h
ATA_FAULT       equ 20h
ATA_REQUEST     equ 08h
ATA_FAILED      equ 01h
ATA_LBA_MODE    equ 40h
ATA_NO_INTERRUPT equ 0ah
ATA_RESET       equ 0eh

IDENTIFY_DEVICE equ 0ech
IDENTIFY_PACKET equ 0a1h
SET_MULTIPLE    equ 0c6h
FLUSH_CACHE     equ 0e7h
MULTIPLE        equ 16
LBA28_LIMIT     equ 10000000h
PACKET_SIGNATURE equ 0eb14h
ATA_TRIES       equ 8000000             ; about 5 s

; Commands: 28 bits one by one, 28 bits several, 48 bits one by one, 48 bits several; by TRANSFER_.
ata_commands:   db      20h, 0c4h, 24h, 29h
                db      30h, 0c5h, 34h, 39h
                db      40h, 40h, 42h, 42h

ide_channels:   dw      1f0h, 3f6h, 170h, 376h

; Looks at the four places for drives, and for disks on virtio.
find_drives:
        pushad
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     si, ebda_drives
        xor     bx, bx
.channel:
        cs mov  dx, [ide_channels + bx + 2]
        mov     al, ATA_RESET
        out     dx, al
        mov     eax, 10
        call    wait_microseconds
        mov     al, ATA_NO_INTERRUPT
        out     dx, al
        mov     eax, 3000
        call    wait_microseconds
        mov     al, 0a0h
        call    .unit
        mov     al, 0b0h
        call    .unit
        add     bx, 4
        cmp     bx, 8
        jne     .channel
        call    find_virtio_disks
        pop     ds
        popad
        ret

.unit:  mov     [si + drive.unit], al
        cs mov  ax, [ide_channels + bx]
        mov     [si + drive.port], ax
        cs mov  ax, [ide_channels + bx + 2]
        mov     [si + drive.control], ax
        call    identify
        add     si, drive.size
        ret

; Finds out what the drive at SI is, if it is one.
identify:
        call    ata_select
        jc      .none
        add     dx, ATA_COUNT           ; registers that keep what is written
        mov     ax, 0aa55h
        out     dx, al
        inc     dx
        xchg    al, ah
        out     dx, al
        in      al, dx
        mov     ah, al
        dec     dx
        in      al, dx
        cmp     ax, 0aa55h
        jne     .none
        mov     dx, [si + drive.port]
        add     dx, ATA_STATUS
        mov     al, IDENTIFY_DEVICE
        out     dx, al
        call    ata_wait
        jc      .none
        test    al, ATA_FAILED
        jnz     .packet
        test    al, ATA_REQUEST
        jz      .none
        call    read_identity
        jmp     take_identity
.packet:
        sub     dx, ATA_STATUS - ATA_LBA_HIGH
        in      al, dx
        mov     ah, al
        dec     dx
        in      al, dx
        cmp     ax, PACKET_SIGNATURE
        jne     .none
        add     dx, ATA_STATUS - ATA_LBA_MID
        mov     al, IDENTIFY_PACKET
        out     dx, al
        call    ata_wait
        jc      .none
        test    al, ATA_REQUEST
        jz      .none
        call    read_identity
        es mov  al, [POST_BUFFER + 1]   ; the kind of device: 5 is a CD
        and     al, 1fh
        cmp     al, 5
        jne     .none
        mov     byte [si + drive.kind], DRIVE_CD
        mov     dword [si + drive.sectors], -1
        mov     dword [si + drive.sectors + 4], 0
.none:  ret

; 512 bytes from the drive at SI to the buffer.
read_identity:
        mov     dx, [si + drive.port]
        mov     di, POST_BUFFER
        mov     cx, 256
        rep     insw
        ret

; Words of IDENTIFY DEVICE.
ID_CYLINDERS    equ POST_BUFFER + 2 * 1
ID_HEADS        equ POST_BUFFER + 2 * 3
ID_TRACK        equ POST_BUFFER + 2 * 6
ID_MULTIPLE     equ POST_BUFFER + 2 * 47
ID_SECTORS      equ POST_BUFFER + 2 * 60
ID_FEATURES     equ POST_BUFFER + 2 * 83
ID_SECTORS_48   equ POST_BUFFER + 2 * 100
ID_HAS_48       equ 400h

; Size and geometry of a disk, and how it moves data.
take_identity:
        es mov  eax, [ID_SECTORS]
        xor     edx, edx
        es test word [ID_FEATURES], ID_HAS_48
        jz      .size
        es mov  ecx, [ID_SECTORS_48]
        es mov  edx, [ID_SECTORS_48 + 4]
        test    ecx, ecx
        jz      .size
        mov     eax, ecx
.size:  mov     [si + drive.sectors], eax
        mov     [si + drive.sectors + 4], edx
        es mov  ax, [ID_CYLINDERS]
        mov     [si + drive.own_cylinders], ax
        es mov  ax, [ID_HEADS]
        mov     [si + drive.own_heads], ax
        es mov  ax, [ID_TRACK]
        mov     [si + drive.own_track], ax
        call    choose_geometry
        call    add_disk
        es cmp  byte [ID_MULTIPLE], MULTIPLE
        jb      .done
        mov     dx, [si + drive.port]
        add     dx, ATA_COUNT
        mov     al, MULTIPLE
        out     dx, al
        add     dx, ATA_STATUS - ATA_COUNT
        mov     al, SET_MULTIPLE
        out     dx, al
        call    ata_wait
        jc      .done
        test    al, ATA_FAILED
        jnz     .done
        mov     byte [si + drive.multiple], MULTIPLE
.done:  ret

; The record at SI is a disk.
add_disk:
        mov     byte [si + drive.kind], DRIVE_DISK
        push    ds
        push    BDA_SEG
        pop     ds
        inc     byte [bda_disks]
        pop     ds
        clc
        ret

; The geometry of INT 13h: the drive's own while it has at most 1024 cylinders; else 63 sectors a track and as many heads (32, 64, 128, 255) as make
; the cylinders few enough.
choose_geometry:
        mov     ax, [si + drive.own_cylinders]
        mov     cx, [si + drive.own_heads]
        mov     dx, [si + drive.own_track]
        cmp     ax, MAX_CYLINDERS
        jbe     .take
        mov     bx, 32
.heads: movzx   ecx, bx
        imul    ecx, ecx, MAX_TRACK
        mov     eax, [si + drive.sectors]
        mov     edx, [si + drive.sectors + 4]
        cmp     edx, ecx                ; so many that the quotient has no room
        jae     .more
        div     ecx
        cmp     eax, MAX_CYLINDERS
        jbe     .fits
.more:  mov     eax, MAX_CYLINDERS
        cmp     bx, 255
        je      .fits
        add     bx, bx
        cmp     bx, 256
        jne     .heads
        dec     bx
        jmp     .heads
.fits:  mov     cx, bx
        mov     dx, MAX_TRACK
.take:  test    ax, ax
        jnz     .some
        inc     ax
.some:  mov     [si + drive.cylinders], ax
        mov     [si + drive.heads], cx
        mov     [si + drive.track], dx
        ret

; Waits until the drive at SI is not busy: AL its status. CF: it stays so, or there is none. DX is the status port then.
ata_wait:
        push    ecx
        mov     dx, [si + drive.control]
        mov     ecx, ATA_TRIES
.poll:  in      al, dx
        cmp     al, 0ffh                ; nobody is there
        stc
        je      .done
        test    al, ATA_BUSY
        jz      .ready
        call    pause_briefly
        dec     ecx
        jnz     .poll
        stc
        jmp     .done
.ready: mov     dx, [si + drive.port]
        add     dx, ATA_STATUS
        in      al, dx                  ; which ends an interrupt that is pending
        clc
.done:  pop     ecx
        ret

; Chooses the drive at SI; DX is its command block. CF: its channel does not become free.
ata_select:
        push    ax
        mov     dx, [si + drive.control]
        mov     al, ATA_NO_INTERRUPT
        out     dx, al
        call    ata_wait
        jc      .done
        mov     dx, [si + drive.port]
        add     dx, ATA_DEVICE
        mov     al, [si + drive.unit]
        out     dx, al
        mov     dx, [si + drive.control]
        in      al, dx                  ; 400 ns
        in      al, dx
        in      al, dx
        in      al, dx
        call    ata_wait
        mov     dx, [si + drive.port]
.done:  pop     ax
        ret

; Moves ebda_count sectors from ebda_lba on: AL is TRANSFER_. AH, CF: how it ended; ebda_done: how many were moved.
ata_transfer:
        mov     word [ebda_done], 0
        cmp     word [ebda_count], 0
        je      .nothing
        mov     bl, al
        call    ata_select
        mov     ah, STATUS_TIMEOUT
        jc      .done
        call    ata_command
        cmp     bl, TRANSFER_VERIFY
        je      .end
        mov     cx, [ebda_count]
.burst: call    ata_wait
        mov     ah, STATUS_TIMEOUT
        jc      .done
        test    al, ATA_FAILED | ATA_FAULT
        jnz     .failed
        test    al, ATA_REQUEST
        jz      .failed
        call    move_burst
        test    cx, cx
        jnz     .burst
.end:   call    ata_wait
        mov     ah, STATUS_TIMEOUT
        jc      .done
        test    al, ATA_FAILED | ATA_FAULT
        jnz     .failed
        cmp     bl, TRANSFER_VERIFY
        jne     .nothing
        mov     ax, [ebda_count]
        mov     [ebda_done], ax
.nothing:
        xor     ah, ah
.done:  ret
.failed:
        mov     ah, STATUS_FAILED
        stc
        ret

; Gives the drive at SI the command for ebda_count sectors from ebda_lba; BL is TRANSFER_. DX is its command block.
ata_command:
        push    bx
        movzx   bx, bl
        shl     bx, 2
        cmp     byte [si + drive.multiple], 0
        je      .single
        inc     bx
.single:
        mov     eax, [ebda_lba]
        movzx   ecx, word [ebda_count]
        add     eax, ecx
        cmp     dword [ebda_lba + 4], 0
        jne     .long
        cmp     eax, LBA28_LIMIT
        jb      .short
.long:  add     bx, 2
        add     dx, ATA_COUNT           ; 48 bits: the upper bytes first
        mov     al, 0
        out     dx, al
        mov     al, [ebda_lba + 3]
        inc     dx
        out     dx, al
        mov     al, [ebda_lba + 4]
        inc     dx
        out     dx, al
        mov     al, [ebda_lba + 5]
        inc     dx
        out     dx, al
        sub     dx, ATA_LBA_HIGH
        xor     ah, ah
        jmp     .common
.short: mov     ah, [ebda_lba + 3]
.common:
        add     dx, ATA_COUNT
        mov     al, [ebda_count]
        out     dx, al
        mov     al, [ebda_lba]
        inc     dx
        out     dx, al
        mov     al, [ebda_lba + 1]
        inc     dx
        out     dx, al
        mov     al, [ebda_lba + 2]
        inc     dx
        out     dx, al
        mov     al, [si + drive.unit]
        or      al, ah
        or      al, ATA_LBA_MODE
        inc     dx
        out     dx, al
        cs mov  al, [ata_commands + bx]
        inc     dx
        out     dx, al
        pop     bx
        push    dx                      ; 400 ns
        mov     dx, [si + drive.control]
        in      al, dx
        in      al, dx
        in      al, dx
        in      al, dx
        pop     dx
        ret

; Moves what the drive at SI offers or wants at a time: of CX sectors, which become fewer; BL is TRANSFER_.
move_burst:
        push    ds
        push    es
        push    si
        push    cx
        movzx   ax, byte [si + drive.multiple]
        cmp     ax, 1
        adc     ax, 0                   ; at least one
        cmp     ax, cx
        jbe     .some
        mov     ax, cx
.some:  mov     dx, [si + drive.port]
        mov     cx, ax
        shl     cx, 7                   ; double words
        push    ax
        call    buffer_segment
        test    bl, bl
        jnz     .write
        rep     insd
        jmp     .moved
.write: mov     si, di
        push    es
        pop     ds
        rep     outsd
.moved: push    EBDA_SEG
        pop     ds
        pop     ax
        add     [ebda_done], ax
        mov     dx, ax
        shl     dx, 5                   ; paragraphs
        add     [ebda_buffer + 2], dx
        pop     cx
        sub     cx, ax
        pop     si
        pop     es
        pop     ds
        ret

; ES:DI is ebda_buffer with DI below 16, so that 64 KiB less 16 bytes can follow.
buffer_segment:
        push    ax
        mov     di, [ebda_buffer]
        mov     ax, di
        shr     ax, 4
        add     ax, [ebda_buffer + 2]
        mov     es, ax
        and     di, 15
        pop     ax
        ret
