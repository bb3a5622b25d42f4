; IRQ 1, which puts keys into the buffer, and INT 16h, which takes them out.

; Bits of bda_shift.
RIGHT_SHIFT     equ 01h
LEFT_SHIFT      equ 02h
CTRL            equ 04h
ALT             equ 08h
SCROLL_LOCK     equ 10h
NUM_LOCK        equ 20h
CAPS_LOCK       equ 40h
INSERT_ON       equ 80h
; Of bda_shift_2: left Ctrl and Alt, and locks that are held down.
LEFT_CTRL       equ 01h
LEFT_ALT        equ 02h
; Of bda_key_mode.
AFTER_E1        equ 01h
AFTER_E0        equ 02h
RIGHT_CTRL      equ 04h
RIGHT_ALT       equ 08h

SCAN_CTRL       equ 1dh
SCAN_LEFT_SHIFT equ 2ah
SCAN_RIGHT_SHIFT equ 36h
SCAN_ALT        equ 38h
SCAN_CAPS       equ 3ah
SCAN_NUM        equ 45h
SCAN_SCROLL     equ 46h
SCAN_INSERT     equ 52h
SCAN_DELETE     equ 53h
RELEASED        equ 80h

irq_keyboard:
        pushad
        push    ds
        push    es
        push    BDA_SEG
        pop     ds
        cld
        in      al, 64h
        and     al, 21h
        cmp     al, 1                   ; a byte, and not from the mouse
        jne     .end
        in      al, 60h
        mov     ah, 4fh
        stc
        int     15h
        jnc     .end
        call    take_scan_code
.end:   mov     al, 20h
        out     PIC1, al
        pop     es
        pop     ds
        popad
        iret

; AL: a byte of scan code set 1. DS is the BDA.
take_scan_code:
        cmp     al, 0e0h
        je      .e0
        cmp     al, 0e1h
        je      .e1
        test    byte [bda_key_mode], AFTER_E1
        jnz     .pause
        mov     ah, [bda_key_mode]
        and     byte [bda_key_mode], ~AFTER_E0
        mov     bl, al
        and     bl, 7fh
        mov     si, shift_keys
.next:  cs mov  bh, [si]
        test    bh, bh
        jz      .plain
        cmp     bl, bh
        je      .shift
        add     si, 3
        jmp     .next
.shift: cs mov  dx, [si + 1]
        jmp     dx
.plain: test    al, RELEASED
        jnz     .done
        jmp     take_key
.e0:    or      byte [bda_key_mode], AFTER_E0
.done:  ret
.e1:    or      byte [bda_key_mode], AFTER_E1
        ret
; Pause is E1 1D 45 and the same released: the last byte of each ends it.
.pause: and     al, 7fh
        cmp     al, SCAN_NUM
        jne     .done
        and     byte [bda_key_mode], ~AFTER_E1
        ret

; Keys that change how others are taken: scan code, routine. AL the code, AH bda_key_mode as it was.
shift_keys:
        on      SCAN_CTRL, key_ctrl
        on      SCAN_ALT, key_alt
        on      SCAN_LEFT_SHIFT, key_left_shift
        on      SCAN_RIGHT_SHIFT, key_right_shift
        on      SCAN_CAPS, key_caps
        on      SCAN_NUM, key_num
        on      SCAN_SCROLL, key_scroll
        db      0

; Sets or clears, as the key goes down or up: CL in bda_shift, CH in bda_shift_2, DL in bda_key_mode.
hold:   test    al, RELEASED
        jnz     .up
        or      [bda_shift], cl
        or      [bda_shift_2], ch
        or      [bda_key_mode], dl
        ret
.up:    not     cl
        not     ch
        not     dl
        and     [bda_shift], cl
        and     [bda_shift_2], ch
        and     [bda_key_mode], dl
        ret

key_ctrl:
        mov     cx, LEFT_CTRL << 8 | CTRL
        mov     dl, 0
        test    ah, AFTER_E0
        jz      hold
        mov     cx, CTRL
        mov     dl, RIGHT_CTRL
        jmp     hold

key_alt:
        mov     cx, LEFT_ALT << 8 | ALT
        mov     dl, 0
        test    ah, AFTER_E0
        jz      .hold
        mov     cx, ALT
        mov     dl, RIGHT_ALT
.hold:  call    hold
        test    al, RELEASED            ; a character by its number is complete
        jz      .done
        xor     al, al
        xchg    al, [bda_alt_number]
        test    al, al
        jz      .done
        xor     ah, ah
        jmp     put_key
.done:  ret

; E0 2A and E0 36 come with grey keys, and mean nothing.
key_left_shift:
        mov     cx, LEFT_SHIFT
        jmp     key_right_shift.hold
key_right_shift:
        mov     cx, RIGHT_SHIFT
.hold:  test    ah, AFTER_E0
        jnz     key_alt.done
        mov     dl, 0
        jmp     hold

; Locks change when their key goes down; held, they repeat.
key_caps:
        mov     cx, CAPS_LOCK << 8 | CAPS_LOCK
        jmp     toggle
key_num:
        test    ah, AFTER_E0
        jnz     key_alt.done
        mov     cx, NUM_LOCK << 8 | NUM_LOCK
        jmp     toggle
key_scroll:
        test    ah, AFTER_E0            ; Ctrl-Break
        jnz     key_break
        mov     cx, SCROLL_LOCK << 8 | SCROLL_LOCK
toggle: test    al, RELEASED
        jnz     .up
        test    [bda_shift_2], ch
        jnz     .done
        or      [bda_shift_2], ch
        xor     [bda_shift], cl
.done:  ret
.up:    not     ch
        and     [bda_shift_2], ch
        ret

; Empties the buffer, and tells the program.
key_break:
        test    al, RELEASED
        jnz     toggle.done
        mov     ax, [bda_keys_start]
        mov     [bda_key_head], ax
        mov     [bda_key_tail], ax
        mov     byte [bda_break], 80h
        int     1bh
        xor     ax, ax
        jmp     put_key

; A key that gives a character, or a code of its own: AL its scan code, AH bda_key_mode as it was.
take_key:
        cmp     al, SCAN_DELETE
        jne     .no_reset
        mov     bl, [bda_shift]
        and     bl, CTRL | ALT
        cmp     bl, CTRL | ALT
        je      restart
.no_reset:
        mov     dl, [bda_shift]
        cmp     al, SCAN_INSERT
        jne     .no_insert
        xor     byte [bda_shift], INSERT_ON
.no_insert:
        test    ah, AFTER_E0
        jnz     .grey
        cmp     al, 47h                 ; the number pad
        jb      .main
        cmp     al, 53h
        jbe     number_pad
.main:  mov     bl, al
        cmp     bl, KEYS
        jae     .done
        movzx   bx, bl
        shl     bx, 3                   ; rows of four words
        add     bx, key_table
        test    dl, ALT
        jnz     .alt
        test    dl, CTRL
        jnz     .ctrl
        cs mov  ax, [bx]
        cs mov  cx, [bx + 2]
        test    dl, LEFT_SHIFT | RIGHT_SHIFT
        jz      .caps
        xchg    ax, cx
.caps:  test    dl, CAPS_LOCK           ; letters only
        jz      .put
        push    ax
        or      al, 20h
        cmp     al, "a"
        jb      .no_letter
        cmp     al, "z"
        ja      .no_letter
        pop     ax
        mov     ax, cx
        jmp     .put
.no_letter:
        pop     ax
        jmp     .put
.ctrl:  cs mov  ax, [bx + 4]
        jmp     .put
.alt:   cs mov  ax, [bx + 6]
.put:   test    ax, ax
        jz      .done
        jmp     put_key
.done:  ret

; After E0: Enter and / of the number pad; else keys between the two, whose characters are E0.
.grey:  cmp     al, 1ch
        je      .enter
        cmp     al, 35h
        je      .slash
        cmp     al, 47h
        jb      .done
        cmp     al, 53h
        ja      .done
        call    pad_row
        mov     al, 0e0h
        cs mov  ah, [bx + 3]
        test    dl, ALT
        jnz     .grey_put
        cs mov  ah, [bx + 2]
        test    dl, CTRL
        jnz     .grey_put
        cs mov  ah, [bx]
.grey_put:
        test    ah, ah
        jz      .done
        jmp     put_key
.enter: mov     ax, 0e00dh
        test    dl, CTRL
        jz      .grey_put
        mov     al, 0ah
        jmp     put_key
.slash: mov     ax, 0e02fh
        jmp     put_key

; Keys of the number pad: characters with Num Lock or Shift, but not both; with Alt digits of a character's number.
number_pad:
        call    pad_row
        test    dl, ALT
        jnz     .alt
        test    dl, CTRL
        jnz     .ctrl
        cs mov  ah, [bx]
        cs mov  al, [bx + 1]
        cmp     ax, 4a2dh               ; - and + are always so
        je      put_key
        cmp     ax, 4e2bh
        je      put_key
        mov     cl, dl
        and     cl, NUM_LOCK
        neg     cl
        sbb     cl, cl
        mov     ch, dl
        and     ch, LEFT_SHIFT | RIGHT_SHIFT
        neg     ch
        sbb     ch, ch
        xor     cl, ch
        jnz     put_key
        xor     al, al
        jmp     put_key
.ctrl:  cs mov  ah, [bx + 2]
        xor     al, al
        test    ah, ah
        jnz     put_key
        ret
.alt:   cs mov  al, [bx + 1]
        sub     al, "0"
        cmp     al, 9
        ja      .done
        mov     cl, al
        mov     al, 10
        mul     byte [bda_alt_number]
        add     al, cl
        mov     [bda_alt_number], al
.done:  ret

; BX: the row of scan code AL (47h to 53h) in pad_keys.
pad_row:
        movzx   bx, al
        sub     bx, 47h
        shl     bx, 2
        add     bx, pad_keys
        ret

restart:
        mov     word [bda_reset], 1234h
; Resets the machine, by whatever does it.
reset_machine:
        mov     dx, 0cf9h
        mov     al, 2
        out     dx, al
        mov     al, 6
        out     dx, al
        mov     al, 0feh
        out     64h, al
        cli
.wait:  hlt
        jmp     .wait

; Puts key AX at the end of the buffer. CF: it is full.
put_key:
        push    bx
        push    cx
        mov     bx, [bda_key_tail]
        mov     cx, bx
        call    next_key
        cmp     bx, [bda_key_head]
        stc
        je      .done
        xchg    bx, cx
        mov     [bx], ax
        mov     [bda_key_tail], cx
        clc
.done:  pop     cx
        pop     bx
        ret

; BX: a place in the buffer; then the one behind it.
next_key:
        add     bx, 2
        cmp     bx, [bda_keys_limit]
        jb      .done
        mov     bx, [bda_keys_start]
.done:  ret

; ---- INT 16h

key_functions:
        on      00h, key_read
        on      10h, key_read
        on      01h, key_look
        on      11h, key_look
        on      02h, key_shift
        on      12h, key_shift_2
        on      03h, key_nothing
        on      05h, key_put
        on      09h, key_abilities
        otherwise key_unknown

int16:  sti
        enter_service
        mov     si, key_functions
        call    dispatch
        leave_service

key_unknown:
        mov     byte [bp + frame.eax + 1], 86h
key_nothing:
        ret

; 00h, 10h: waits for a key and takes it away.
key_read:
        call    next_typed
        jnz     .some
        sti
        hlt
        jmp     key_read
.some:  mov     [bda_key_head], bx
        mov     [bp + frame.eax], ax
        ret

; 01h, 11h: the next key, which stays; ZF: there is none.
key_look:
        call    next_typed
        jz      .none
        mov     [bp + frame.eax], ax
        and     word [bp + frame.flags], ~FLAG_ZF
        ret
.none:  or      word [bp + frame.flags], FLAG_ZF
        ret

; The next key for the caller: AX, and in BX where the buffer goes on. ZF: there is none. For 00h and 01h keys are those of 83 keys: codes
; with E0 become those without. Interrupts are off then, so that none is missed in front of HLT.
next_typed:
        call    poll_serial_console
        cli
        mov     bx, [bda_key_head]
        cmp     bx, [bda_key_tail]
        je      .none
        mov     ax, [bx]
        call    next_key
        test    byte [bp + frame.eax + 1], 10h
        jnz     .extended
        cmp     ah, 0e0h                ; Enter and / of the number pad
        jne     .no_pad
        mov     ah, 1ch
        cmp     al, 2fh
        jne     .take
        mov     ah, 35h
        jmp     .take
.no_pad:
        cmp     al, 0e0h
        jne     .no_grey
        test    ah, ah
        jz      .take
        mov     al, 0
.no_grey:
        cmp     ah, 84h
        jbe     .take
        mov     [bda_key_head], bx      ; F11 and the like were not there
        jmp     next_typed
.extended:
        cmp     al, 0f0h
        jne     .take
        test    ah, ah
        jz      .take
        mov     al, 0
.take:  or      sp, sp                  ; not zero
.none:  ret

key_shift:
        mov     al, [bda_shift]
        mov     [bp + frame.eax], al
        ret

; 12h: AH has the single keys: left ones in bits 0 and 1, right ones in 2 and 3, locks held in 4 to 6.
key_shift_2:
        mov     al, [bda_shift]
        mov     ah, [bda_shift_2]
        and     ah, 73h
        mov     bl, [bda_key_mode]
        and     bl, RIGHT_CTRL | RIGHT_ALT
        or      ah, bl
        mov     [bp + frame.eax], ax
        ret

; 05h: CX is put into the buffer; AL 1 if it is full.
key_put:
        mov     ax, cx
        cli
        call    put_key
        mov     byte [bp + frame.eax], 0
        jnc     .done
        mov     byte [bp + frame.eax], 1
.done:  ret

; 09h: 10h to 12h are there.
key_abilities:
        mov     byte [bp + frame.eax], 20h
        ret
