; Interrupt vectors, and the data areas behind them.

; Vectors from 0 to 1fh; 0 stands for nothing to do.
service_vectors:
        dw      0, 0, 0, 0, 0, 0, 0, 0
        dw      irq_timer, irq_keyboard, end_irq, end_irq, end_irq, end_irq, irq_floppy, end_irq
        dw      int10, int11, int12, int13, int14, int15, int16, int17
        dw      int18, int19, int1a, 0, 0
VECTOR_TABLES   equ 1dh                 ; these three point at tables: video parameters, floppy parameters, graphics characters
FIRST_IRQ8      equ 70h
IRQS            equ 8

set_vectors:
        xor     ax, ax
        mov     es, ax
        xor     di, di
        mov     cx, 256
.fill:  mov     ax, only_return
        stosw
        mov     ax, BIOS_SEG
        stosw
        loop    .fill
        xor     si, si
        xor     di, di
        mov     cx, VECTOR_TABLES
.copy:  cs mov  ax, [service_vectors + si]
        test    ax, ax
        jz      .none
        es mov  [di], ax
.none:  add     si, 2
        add     di, 4
        loop    .copy
        es mov  word [VECTOR_TABLES * 4], video_parameters
        es mov  word [VECTOR_TABLES * 4 + 4], floppy_parameters
        es mov  word [VECTOR_TABLES * 4 + 8], font_8x8 + 400h
        es mov  word [43h * 4], font_8x8
        es mov  word [40h * 4], int13_floppy
        mov     di, FIRST_IRQ8 * 4
        mov     cx, IRQS
.irq:   es mov  word [di], end_irq2
        add     di, 4
        loop    .irq
        es mov  word [FIRST_IRQ8 * 4], irq_clock
        xor     eax, eax                ; 60h to 67h are for programs
        mov     di, 60h * 4
        mov     cx, 8
        rep     stosd
        ret

; An interrupt that nobody has asked for.
end_irq2:
        push    ax
        mov     al, 20h
        out     PIC2, al
        jmp     end_irq.first
end_irq:
        push    ax
.first: mov     al, 20h
        out     PIC1, al
        pop     ax
        iret

clear_data_areas:
        push    es
        push    word [bda_reset]
        push    ds
        pop     es
        xor     di, di
        mov     cx, 80h
        xor     ax, ax
        rep     stosw
        pop     word [bda_reset]
        push    EBDA_SEG
        pop     es
        xor     di, di
        mov     cx, EBDA_KIB * 200h
        rep     stosw
        es mov  byte [ebda_kib], EBDA_KIB
        es mov  word [ebda_f_next], TABLE_AREA
        mov     word [bda_ebda], EBDA_SEG
        mov     word [bda_memory], BASE_MEMORY_KIB
        mov     word [bda_equipment], 0026h ; x87, a mouse, 80 columns of colour
        mov     word [bda_keys_start], bda_keys
        mov     word [bda_keys_limit], bda_keys_end
        mov     word [bda_key_head], bda_keys
        mov     word [bda_key_tail], bda_keys
        mov     byte [bda_key_mode], 10h
        mov     dword [bda_lpt_timeout], 14141414h
        mov     dword [bda_com_timeout], 01010101h
        pop     es
        ret
