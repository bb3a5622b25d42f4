; IRQ 0 and INT 1Ah: the time of day, in ticks of 18.2 a second and by the MC146818.

RTC_SECONDS     equ 00h
RTC_SECOND_ALARM equ 01h
RTC_MINUTES     equ 02h
RTC_MINUTE_ALARM equ 03h
RTC_HOURS       equ 04h
RTC_HOUR_ALARM  equ 05h
RTC_DAY         equ 07h
RTC_MONTH       equ 08h
RTC_YEAR        equ 09h
RTC_A           equ 0ah
RTC_B           equ 0bh
RTC_CENTURY     equ 32h
RTC_UPDATING    equ 80h
RTC_SET         equ 80h
RTC_ALARM_ON    equ 20h
TICKS_PER_DAY   equ 1800b0h
; 1193182 / 65536 ticks a second are these many of 65536ths.
TICKS_16_16     equ 1193182

irq_timer:
        pushad
        push    ds
        push    es
        push    BDA_SEG
        pop     ds
        cld
        mov     eax, [bda_ticks]
        inc     eax
        cmp     eax, TICKS_PER_DAY
        jb      .today
        xor     eax, eax
        inc     byte [bda_midnight]
.today: mov     [bda_ticks], eax
        call    floppy_tick
        int     1ch
        mov     al, 20h
        out     PIC1, al
        pop     es
        pop     ds
        popad
        iret

; The ticks since midnight, from the clock.
set_up_clock:
        mov     al, RTC_HOURS
        call    read_cmos
        call    binary
        imul    ebx, eax, 3600
        mov     al, RTC_MINUTES
        call    read_cmos
        call    binary
        imul    eax, eax, 60
        add     ebx, eax
        mov     al, RTC_SECONDS
        call    read_cmos
        call    binary
        add     eax, ebx
        mov     ecx, TICKS_16_16
        mul     ecx
        shrd    eax, edx, 16
        mov     [bda_ticks], eax
        ret

; AL: BCD; EAX.
binary: mov     ah, al
        and     al, 15
        shr     ah, 4
        aad
        movzx   eax, al
        ret

clock_functions:
        on      00h, clock_ticks
        on      01h, clock_set_ticks
        on      02h, clock_time
        on      03h, clock_set_time
        on      04h, clock_date
        on      05h, clock_set_date
        on      06h, clock_set_alarm
        on      07h, clock_clear_alarm
        on      0b1h, pci_service
        otherwise unsupported

int1a:  enter_service
        mov     si, clock_functions
        call    dispatch
        leave_service

; 00h: ticks in CX and DX; AL: midnights since it was asked last.
clock_ticks:
        mov     ax, [bda_ticks]
        mov     [bp + frame.edx], ax
        mov     ax, [bda_ticks + 2]
        mov     [bp + frame.ecx], ax
        xor     al, al
        xchg    al, [bda_midnight]
        xor     ah, ah
        mov     [bp + frame.eax], ax
        jmp     return_ok

clock_set_ticks:
        mov     [bda_ticks], dx
        mov     [bda_ticks + 2], cx
        mov     byte [bda_midnight], 0
        jmp     clock_done

; A register of the clock to one of the caller's, and the other way.
%macro clock_to_frame 2
        mov     al, %1
        call    read_cmos
        mov     [bp + %2], al
%endmacro
%macro set_clock 2
        mov     ah, %2
        mov     al, %1
        call    write_cmos
%endmacro

; 02h: hours, minutes, seconds in CH, CL, DH, in BCD; DL: summer time.
clock_time:
        call    rtc_settle
        jc      return_error
        clock_to_frame RTC_HOURS, frame.ecx + 1
        clock_to_frame RTC_MINUTES, frame.ecx
        clock_to_frame RTC_SECONDS, frame.edx + 1
        mov     al, RTC_B
        call    read_cmos
        and     al, 1
        mov     [bp + frame.edx], al
        jmp     clock_done

clock_set_time:
        mov     al, RTC_B
        call    read_cmos
        and     al, ~1
        and     dl, 1
        or      al, dl
        or      al, RTC_SET
        call    write_b
        set_clock RTC_HOURS, ch
        set_clock RTC_MINUTES, cl
        set_clock RTC_SECONDS, dh
        jmp     clock_go_on

; 04h: century, year, month, day in CH, CL, DH, DL.
clock_date:
        call    rtc_settle
        jc      return_error
        clock_to_frame RTC_CENTURY, frame.ecx + 1
        clock_to_frame RTC_YEAR, frame.ecx
        clock_to_frame RTC_MONTH, frame.edx + 1
        clock_to_frame RTC_DAY, frame.edx
        jmp     clock_done

clock_set_date:
        mov     al, RTC_B
        call    read_cmos
        or      al, RTC_SET
        call    write_b
        set_clock RTC_CENTURY, ch
        set_clock RTC_YEAR, cl
        set_clock RTC_MONTH, dh
        set_clock RTC_DAY, dl
clock_go_on:
        mov     al, RTC_B
        call    read_cmos
        and     al, ~RTC_SET
        call    write_b
clock_done:
        mov     byte [bp + frame.eax + 1], 0
        jmp     return_ok

; 06h: an interrupt, 4ah, at CH, CL, DH; not while another is set.
clock_set_alarm:
        mov     al, RTC_B
        call    read_cmos
        test    al, RTC_ALARM_ON
        jnz     return_error
        push    ax
        set_clock RTC_HOUR_ALARM, ch
        set_clock RTC_MINUTE_ALARM, cl
        set_clock RTC_SECOND_ALARM, dh
        in      al, PIC2 + 1
        and     al, ~1
        out     PIC2 + 1, al
        pop     ax
        or      al, RTC_ALARM_ON
        call    write_b
        jmp     clock_done

clock_clear_alarm:
        mov     al, RTC_B
        call    read_cmos
        and     al, ~RTC_ALARM_ON
        call    write_b
        jmp     clock_done

; AL to register B.
write_b:
        mov     ah, al
        mov     al, RTC_B
        jmp     write_cmos

; Waits until the clock is not about to change. CF: it does not come to that.
rtc_settle:
        push    cx
        mov     cx, 20000
.poll:  mov     al, RTC_A
        call    read_cmos
        test    al, RTC_UPDATING
        jz      .done
        call    pause_briefly
        loop    .poll
        stc
.done:  pop     cx
        ret

; IRQ 8: the alarm.
irq_clock:
        pushad
        mov     al, 0ch
        call    read_cmos
        test    al, RTC_ALARM_ON
        jz      .end
        int     4ah
.end:   mov     al, 20h
        out     PIC2, al
        out     PIC1, al
        popad
        iret
