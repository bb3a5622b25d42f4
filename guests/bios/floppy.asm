; INT 13h and 40h for floppies: 82077AA (Intel 290166) with DMA channel 2. CMOS says which drives there are.

CMOS_FLOPPIES   equ 10h                 ; the first drive's kind in bits 4 to 7, the second's in 0 to 3
FDC_OUTPUT      equ 3f2h                ; motors in bits 4 and 5, DMA and interrupt on, reset, drive
FDC_STATUS      equ 3f4h
FDC_DATA        equ 3f5h
FDC_RATE        equ 3f7h
FDC_READY       equ 80h                 ; of the status: a byte may pass
FDC_TO_CPU      equ 40h
FDC_ENABLE      equ 0ch
SPECIFY         equ 03h
SENSE_INTERRUPT equ 08h
RECALIBRATE     equ 07h
SEEK            equ 0fh
READ_DATA       equ 0e6h
WRITE_DATA      equ 0c5h
FDC_TRIES       equ 500000
SEEK_END        equ 20h                 ; of ST0
ST0_FAILED      equ 0c0h
MOTOR_TICKS     equ 37
DMA_CHANNEL     equ 2
DMA_READ        equ 46h                 ; single transfers to memory
DMA_WRITE       equ 4ah
STATUS_WRITE_PROTECTED equ 03h
STATUS_CHANGED  equ 06h
STATUS_DMA_BOUNDARY equ 09h
STATUS_CONTROLLER equ 20h
STATUS_SEEK     equ 40h

; By kind: last track, sectors of a track, data rate.
floppy_kinds:   db      0, 0, 0
                db      39, 9, 2                ; 1: 360 KB
                db      79, 15, 0               ; 2: 1.2 MB
                db      79, 9, 2                ; 3: 720 KB
                db      79, 18, 0               ; 4: 1.44 MB
                db      79, 36, 3               ; 5: 2.88 MB
FLOPPY_KINDS    equ 6

; What INT 1Eh points at: step rate, head load, motor off, 512 bytes, last sector, gaps, filler, head settles, motor starts.
floppy_parameters:
                db      0afh, 02h, MOTOR_TICKS, 2, 18, 1bh, 0ffh, 6ch, 0f6h, 15, 8

floppy_functions:
        on      00h, floppy_reset
        on      01h, floppy_last_status
        on      02h, floppy_transfer
        on      03h, floppy_transfer
        on      04h, floppy_transfer
        on      08h, floppy_geometry
        on      15h, floppy_type
        on      16h, floppy_changed
        on      17h, floppy_accept
        on      18h, floppy_accept
        otherwise floppy_invalid

; Drives by CMOS: their number in the equipment.
find_floppies:
        mov     al, CMOS_FLOPPIES
        call    read_cmos
        xor     bx, bx
        test    al, 0f0h
        jz      .none
        mov     bl, 1
        test    al, 0fh
        jz      .some
        mov     bl, 41h
.some:  or      [bda_equipment], bx
.none:  ret

; As the disk's services, but DS is the BDA.
int13_floppy:
        sti
        enter_service
        mov     si, floppy_functions
        call    dispatch
        mov     [bp + frame.eax + 1], ah
        jc      .error
        mov     byte [bda_floppy], 0
        call    return_ok
        leave_service
.error: mov     [bda_floppy], ah
        call    return_error
        leave_service

; SI: the row of drive DL in floppy_kinds. CF: there is no such drive.
floppy_kind:
        push    ax
        cmp     dl, 1
        ja      .none
        mov     al, CMOS_FLOPPIES
        call    read_cmos
        test    dl, dl
        jnz     .second
        shr     al, 4
.second:
        and     ax, 15
        jz      .none
        cmp     al, FLOPPY_KINDS
        jae     .none
        mov     si, ax
        add     si, ax
        add     si, ax
        add     si, floppy_kinds
        clc
        jmp     .done
.none:  stc
.done:  pop     ax
        ret

floppy_invalid:
        mov     ah, STATUS_INVALID
        stc
        ret

floppy_last_status:
        mov     ah, [bda_floppy]
        cmp     ah, 1
        cmc
        ret

; 17h, 18h: whatever kind of floppy is announced; the table of parameters is at ES:DI.
floppy_accept:
        call    floppy_kind
        jc      floppy_invalid
        mov     word [bp + frame.es], BIOS_SEG
        mov     word [bp + frame.edi], floppy_parameters
        xor     ah, ah
        ret

; 16h: there is no telling.
floppy_changed:
        call    floppy_kind
        jc      floppy_invalid
        mov     ah, STATUS_CHANGED
        stc
        ret

; 15h: a floppy without change line; 0 for none.
floppy_type:
        call    floppy_kind
        mov     ah, 1
        jnc     .done
        xor     ah, ah
.done:  clc
        ret

; 08h: kind, last track, sectors, last head, drives, parameters.
floppy_geometry:
        xor     ax, ax
        mov     [bp + frame.eax], ax
        mov     [bp + frame.ebx], ax
        mov     [bp + frame.ecx], ax
        mov     al, [bda_equipment]
        test    al, 1
        jz      .count
        shr     al, 6
        and     ax, 3
        inc     ax
.count: mov     [bp + frame.edx], ax
        call    floppy_kind
        jc      .done
        mov     ax, si
        sub     ax, floppy_kinds
        mov     bl, 3
        div     bl
        mov     [bp + frame.ebx], al
        cs mov  ax, [si]
        xchg    al, ah
        mov     [bp + frame.ecx], ax
        mov     byte [bp + frame.edx + 1], 1
        mov     word [bp + frame.es], BIOS_SEG
        mov     word [bp + frame.edi], floppy_parameters
.done:  xor     ah, ah
        ret

; ---- the controller

; A command's next byte, AL. CF: it is not taken.
fdc_write:
        push    ax
        push    ecx
        mov     dx, FDC_STATUS
        mov     ecx, FDC_TRIES
.poll:  in      al, dx
        and     al, FDC_READY | FDC_TO_CPU
        cmp     al, FDC_READY
        je      .ready
        call    pause_briefly
        dec     ecx
        jnz     .poll
        pop     ecx
        pop     ax
        stc
        ret
.ready: pop     ecx
        pop     ax
        mov     dx, FDC_DATA
        out     dx, al
        clc
        ret

; The result's next byte: AL. CF: none comes.
fdc_read:
        push    ecx
        mov     dx, FDC_STATUS
        mov     ecx, FDC_TRIES
.poll:  in      al, dx
        and     al, FDC_READY | FDC_TO_CPU
        cmp     al, FDC_READY | FDC_TO_CPU
        je      .ready
        call    pause_briefly
        dec     ecx
        jnz     .poll
        stc
        jmp     .done
.ready: mov     dx, FDC_DATA
        in      al, dx
        clc
.done:  pop     ecx
        ret

; Waits for the end of a seek: AL is ST0. CF: it does not end.
fdc_sense:
        push    cx
        mov     cx, 2000
.again: mov     al, SENSE_INTERRUPT
        call    fdc_write
        jc      .done
        call    fdc_read
        jc      .done
        mov     ah, al
        cmp     al, 80h                 ; nothing has happened
        je      .none
        call    fdc_read
        jc      .done
        test    ah, SEEK_END
        jnz     .end
.none:  push    eax
        mov     eax, 500
        call    wait_microseconds
        pop     eax
        loop    .again
        stc
        jmp     .done
.end:   mov     al, ah
        clc
.done:  pop     cx
        ret

; 00h: the controller begins anew, and drives have to find track 0 again.
floppy_reset:
        mov     dx, FDC_OUTPUT
        xor     al, al
        out     dx, al
        mov     eax, 20
        call    wait_microseconds
        mov     al, FDC_ENABLE
        out     dx, al
        mov     byte [bda_floppy_seek], 0
        mov     byte [bda_motor], 0
        mov     eax, 1000
        call    wait_microseconds
        mov     bx, 4                   ; it has something to say for each drive
.sense: mov     al, SENSE_INTERRUPT
        call    fdc_write
        jc      .failed
        call    fdc_read
        jc      .failed
        cmp     al, 80h
        je      .enough
        call    fdc_read
        jc      .failed
        dec     bx
        jnz     .sense
.enough:
        mov     al, SPECIFY
        call    fdc_write
        jc      .failed
        cs mov  al, [floppy_parameters]
        call    fdc_write
        jc      .failed
        cs mov  al, [floppy_parameters + 1]
        call    fdc_write
        jc      .failed
        xor     ah, ah
        ret
.failed:
        mov     ah, STATUS_CONTROLLER
        stc
        ret

; Starts the motor of drive DL, chooses it and its data rate; SI is its kind.
floppy_start:
        push    dx
        mov     byte [bda_motor_ticks], 0ffh
        mov     cl, dl
        mov     al, 1
        shl     al, cl
        mov     ah, [bda_motor]
        or      [bda_motor], al
        shl     al, 4
        or      al, dl
        or      al, FDC_ENABLE
        mov     dx, FDC_OUTPUT
        out     dx, al
        cs mov  al, [si + 2]
        mov     dx, FDC_RATE
        out     dx, al
        pop     dx
        bt      ax, 8                   ; drive 0 ran already
        test    dl, dl
        jz      .first
        bt      ax, 9
.first: jc      .running
        mov     eax, 300000             ; until it has come up to speed
        call    wait_microseconds
.running:
        ret

; Moves the heads of drive DL to track CH. CF: they do not get there.
floppy_seek:
        push    dx
        push    bx
        mov     bx, dx
        mov     cl, bl
        mov     al, 1
        shl     al, cl
        test    [bda_floppy_seek], al
        jnz     .known
        mov     al, RECALIBRATE
        call    fdc_write
        jc      .done
        mov     al, bl
        call    fdc_write
        jc      .done
        call    fdc_sense
        jc      .done
        mov     cl, bl
        mov     al, 1
        shl     al, cl
        or      [bda_floppy_seek], al
.known: mov     al, SEEK
        call    fdc_write
        jc      .done
        mov     al, bh
        shl     al, 2
        or      al, bl
        call    fdc_write
        jc      .done
        mov     al, ch
        call    fdc_write
        jc      .done
        call    fdc_sense
.done:  pop     bx
        pop     dx
        ret

; Lets DMA channel 2 move AX bytes at ES:BX: AL of the stack is the mode. CF: they cross a boundary of 64 KiB.
floppy_dma:
        push    bp
        mov     bp, sp
        pushad
        mov     cx, ax
        dec     cx
        mov     ax, es
        rol     ax, 4
        mov     dl, al
        and     dl, 15                  ; page
        and     al, 0f0h
        add     ax, bx
        adc     dl, 0
        mov     bx, ax
        add     ax, cx
        jc      .done
        mov     al, 4 | DMA_CHANNEL     ; 8237A: masked while it is set up
        out     0ah, al
        out     0ch, al
        mov     al, [bp + 4]
        out     0bh, al
        mov     al, bl
        out     DMA_CHANNEL * 2, al
        mov     al, bh
        out     DMA_CHANNEL * 2, al
        mov     al, dl
        out     81h, al
        mov     al, cl
        out     DMA_CHANNEL * 2 + 1, al
        mov     al, ch
        out     DMA_CHANNEL * 2 + 1, al
        mov     al, DMA_CHANNEL
        out     0ah, al
        clc
.done:  popad
        pop     bp
        ret     2

; 02h to 04h: AL sectors from track CH, sector CL, head DH of drive DL, at ES:BX. Those of a track at a time, as the services promise no more.
floppy_transfer:
        mov     byte [bp + frame.eax], 0
        call    floppy_kind
        jc      floppy_invalid
        cmp     ah, 04h                 ; verified by being there
        je      .verify
        test    al, al
        jz      floppy_invalid
        cmp     dh, 1
        ja      floppy_invalid
        cs cmp  ch, [si]
        ja      floppy_invalid
        test    cl, cl
        jz      floppy_invalid
        mov     di, ax
        add     al, cl
        jc      floppy_invalid
        dec     al
        cs cmp  al, [si + 1]
        ja      floppy_invalid
        mov     ax, di
        push    ax
        xor     ah, ah
        shl     ax, 9
        push    word DMA_READ
        test    di, 100h                ; 03h writes
        jz      .dma
        add     sp, 2
        push    word DMA_WRITE
.dma:   call    floppy_dma
        pop     ax
        mov     ah, STATUS_DMA_BOUNDARY
        jc      .done
        push    cx
        call    floppy_start
        pop     cx
        push    cx
        call    floppy_seek
        pop     cx
        jc      .timeout
        call    floppy_command
        mov     byte [bda_motor_ticks], MOTOR_TICKS
.done:  ret
.verify:
        mov     [bp + frame.eax], al
        xor     ah, ah
        ret
.timeout:
        mov     byte [bda_motor_ticks], MOTOR_TICKS
        mov     ah, STATUS_SEEK
        stc
        ret

; The command itself: DI the service's AX. AH, CF: how it ended.
floppy_command:
        mov     bx, dx                  ; drive, head
        mov     al, READ_DATA
        test    di, 100h
        jz      .read
        mov     al, WRITE_DATA
.read:  call    fdc_write
        jc      .stuck
        mov     al, bh
        shl     al, 2
        or      al, bl
        call    fdc_write
        jc      .stuck
        mov     al, ch
        call    fdc_write
        jc      .stuck
        mov     al, bh
        call    fdc_write
        jc      .stuck
        mov     al, cl
        call    fdc_write
        jc      .stuck
        mov     al, 2                   ; 512 bytes
        call    fdc_write
        jc      .stuck
        cs mov  al, [si + 1]
        call    fdc_write
        jc      .stuck
        mov     al, 1bh
        call    fdc_write
        jc      .stuck
        mov     al, 0ffh
        call    fdc_write
        jc      .stuck
        mov     cx, 7
        mov     si, bda_fdc_result
.result:
        call    fdc_read
        jc      .stuck
        mov     [si], al
        inc     si
        loop    .result
        test    byte [bda_fdc_result], ST0_FAILED
        jnz     .failed
        mov     ax, di
        mov     [bp + frame.eax], al
        xor     ah, ah
        ret
.failed:
        mov     ah, STATUS_WRITE_PROTECTED
        test    byte [bda_fdc_result + 1], 2
        jnz     .error
        mov     ah, STATUS_NO_SECTOR
        test    byte [bda_fdc_result + 1], 4
        jnz     .error
.stuck: mov     ah, STATUS_TIMEOUT
        mov     byte [bda_floppy_seek], 0
.error: stc
        ret

; IRQ 6: nobody waits for it, since the controller's status says the same.
irq_floppy:
        push    ax
        push    ds
        push    BDA_SEG
        pop     ds
        or      byte [bda_floppy_seek], 80h
        mov     al, 20h
        out     PIC1, al
        pop     ds
        pop     ax
        iret

; By the timer: motors stop a while after the last service.
floppy_tick:
        mov     al, [bda_motor_ticks]
        cmp     al, 0ffh                ; a service is running
        je      .done
        sub     al, 1
        jc      .done
        mov     [bda_motor_ticks], al
        jnz     .done
        mov     byte [bda_motor], 0
        mov     al, FDC_ENABLE
        mov     dx, FDC_OUTPUT
        out     dx, al
.done:  ret
