; CD drives: commands in packets of 12 bytes (ATA/ATAPI-6, PACKET; SCSI MMC).

ATAPI_PACKET    equ 0a0h
TEST_UNIT_READY equ 00h
REQUEST_SENSE   equ 03h
READ_10         equ 28h
CD_TRIES        equ 5
SENSE_BYTES     equ 18
SENSE_KEY       equ 2
SENSE_NOT_READY equ 2

; 10h: a disc is in the drive.
cd_ready:
        mov     si, [ebda_drive]
        call    clear_packet
        mov     word [ebda_left], 0
        call    packet_with_tries
        ret

; TRANSFER_READ moves ebda_count blocks from ebda_lba to ebda_buffer; verifying them is reading nothing.
cd_transfer:
        mov     word [ebda_done], 0
        cmp     word [ebda_count], 0
        je      .nothing
        cmp     al, TRANSFER_READ
        jne     cd_ready
.next:  call    clear_packet
        mov     byte [ebda_packet], READ_10
        mov     eax, [ebda_lba]
        bswap   eax
        mov     [ebda_packet + 2], eax
        mov     ax, [ebda_count]
        sub     ax, [ebda_done]
        cmp     ax, 16
        jbe     .some
        mov     ax, 16
.some:  mov     [ebda_packet + 8], al
        mov     cx, ax
        shl     ax, 11
        mov     [ebda_left], ax
        call    packet_with_tries
        jc      .done
        add     [ebda_done], cx
        movzx   eax, cx
        add     [ebda_lba], eax
        shl     cx, 7                   ; paragraphs
        add     [ebda_buffer + 2], cx
        mov     ax, [ebda_done]
        cmp     ax, [ebda_count]
        jne     .next
.nothing:
        xor     ah, ah
.done:  ret

clear_packet:
        mov     dword [ebda_packet], 0
        mov     dword [ebda_packet + 4], 0
        mov     dword [ebda_packet + 8], 0
        ret

; Sends the packet, up to ebda_left bytes coming back to ebda_buffer; again if the drive has something else to tell first, as after it was changed.
packet_with_tries:
        push    cx
        mov     cx, CD_TRIES
        mov     di, [ebda_left]
.again: mov     [ebda_left], di
        push    cx
        push    di
        call    send_packet
        jnc     .sent
        call    ask_sense
        stc
.sent:  pop     di
        pop     cx
        jnc     .done
        loop    .again
        mov     ah, STATUS_FAILED
        cmp     byte [si + drive.status], SENSE_NOT_READY
        jne     .failed
        mov     ah, STATUS_NO_MEDIA
.failed:
        stc
.done:  pop     cx
        ret

; Asks what was wrong: the sense key to drive.status. The packet and where its data goes stay.
ask_sense:
        push    dword [ebda_packet]
        push    dword [ebda_packet + 4]
        push    dword [ebda_packet + 8]
        push    dword [ebda_buffer]
        call    clear_packet
        mov     byte [ebda_packet], REQUEST_SENSE
        mov     byte [ebda_packet + 4], SENSE_BYTES
        mov     word [ebda_left], SENSE_BYTES
        mov     word [ebda_buffer], ebda_sense
        mov     word [ebda_buffer + 2], EBDA_SEG
        mov     byte [ebda_sense + SENSE_KEY], 0
        call    send_packet
        mov     al, [ebda_sense + SENSE_KEY]
        and     al, 15
        mov     [si + drive.status], al
        pop     dword [ebda_buffer]
        pop     dword [ebda_packet + 8]
        pop     dword [ebda_packet + 4]
        pop     dword [ebda_packet]
        ret

; One packet to the drive at SI. CF: it failed.
send_packet:
        push    es
        call    ata_select
        jc      .done
        inc     dx
        xor     al, al
        out     dx, al                  ; by programmed I/O
        add     dx, ATA_LBA_MID - ATA_ERROR
        out     dx, al                  ; up to 2048 bytes at a time
        inc     dx
        mov     al, CD_BLOCK >> 8
        out     dx, al
        add     dx, ATA_STATUS - ATA_LBA_HIGH
        mov     al, ATAPI_PACKET
        out     dx, al
        call    ata_wait
        jc      .done
        test    al, ATA_FAILED
        jnz     .failed
        test    al, ATA_REQUEST
        jz      .failed
        mov     dx, [si + drive.port]
        push    si
        mov     si, ebda_packet
        mov     cx, 6
        rep     outsw
        pop     si
        call    buffer_segment
.next:  call    ata_wait
        jc      .done
        test    al, ATA_FAILED
        jnz     .failed
        test    al, ATA_REQUEST
        jz      .done                   ; (CF is clear)
        call    take_packet_data
        jmp     .next
.failed:
        stc
.done:  pop     es
        ret

; Takes what the drive offers, to ES:DI; what there is no room for is dropped.
take_packet_data:
        mov     dx, [si + drive.port]
        add     dx, ATA_LBA_HIGH
        in      al, dx
        mov     ah, al
        dec     dx
        in      al, dx
        sub     dx, ATA_LBA_MID
        mov     cx, ax
        cmp     cx, [ebda_left]
        jbe     .room
        mov     cx, [ebda_left]
.room:  sub     [ebda_left], cx
        sub     ax, cx
        shr     cx, 1
        rep     insw
        mov     cx, ax
        shr     cx, 1
        jcxz    .done
.drop:  in      ax, dx
        loop    .drop
.done:  ret
