; PCI bus 0: configuration space, addresses for devices, interrupt routing of a PIIX.

PCI_ADDRESS     equ 0cf8h
PCI_DATA        equ 0cfch
PCI_VENDOR      equ 00h
PCI_COMMAND     equ 04h
PCI_CLASS       equ 08h                 ; revision, interface, subclass, class
PCI_HEADER      equ 0eh
PCI_BARS        equ 10h
PCI_BARS_END    equ 28h
PCI_LINE        equ 3ch
PCI_PIN         equ 3dh
COMMAND_ALL     equ 7                   ; ports, memory, bus master
PCI_FIRST_PORT  equ 0c000h
PCI_FIRST_MEMORY equ 0e0000000h         ; memory never reaches this
PIIX_ISA        equ 70008086h
PIIX_IDE        equ 70108086h
PIIX_PM         equ 71138086h
QEMU_VGA        equ 11111234h
PM_BASE         equ 600h
SMBUS_BASE      equ 700h
SCI_IRQ         equ 9
PIIX_DEVICE     equ 1

; Names a register for PCI_DATA: BX bus, device and function, DI register (its lower two bits choose the byte lane). DX is PCI_DATA's.
pci_point:
        push    eax
        movzx   eax, bx
        shl     eax, 8
        or      eax, 80000000h
        mov     dx, di
        mov     al, dl
        and     al, 0fch
        mov     dx, PCI_ADDRESS
        out     dx, eax
        mov     dx, di
        and     dx, 3
        add     dx, PCI_DATA
        pop     eax
        ret

; Registers of BX at DI: AL, AX, EAX.
pci_read_byte:
        push    dx
        call    pci_point
        in      al, dx
        pop     dx
        ret
pci_read_word:
        push    dx
        call    pci_point
        in      ax, dx
        pop     dx
        ret
pci_read:
        push    dx
        call    pci_point
        in      eax, dx
        pop     dx
        ret
pci_write_byte:
        push    dx
        call    pci_point
        out     dx, al
        pop     dx
        ret
pci_write_word:
        push    dx
        call    pci_point
        out     dx, ax
        pop     dx
        ret
pci_write:
        push    dx
        call    pci_point
        out     dx, eax
        pop     dx
        ret

; Moves BX to the next function that is there: CF at the end. BX = -1 begins.
pci_next:
        push    eax
        push    di
.next:  inc     bx
        cmp     bx, 100h
        jae     .end
        test    bl, 7                   ; other functions only where the first one says so
        jz      .look
        push    bx
        and     bl, ~7
        mov     di, PCI_HEADER
        call    pci_read_byte
        pop     bx
        test    al, 80h
        jz      .next
        cmp     al, 0ffh
        je      .next
.look:  mov     di, PCI_VENDOR
        call    pci_read_word
        cmp     ax, 0ffffh
        je      .next
        clc
        jmp     .done
.end:   stc
.done:  pop     di
        pop     eax
        ret

set_up_pci:
        push    ds
        push    EBDA_SEG
        pop     ds
        mov     dword [ebda_pci_io], PCI_FIRST_PORT
        mov     dword [ebda_pci_memory], PCI_FIRST_MEMORY
        mov     bx, -1
.next:  call    pci_next
        jc      .done
        mov     di, PCI_VENDOR
        call    pci_read
        cmp     eax, PIIX_ISA
        jne     .not_isa
        call    set_up_routing
        jmp     .next
.not_isa:
        cmp     eax, PIIX_PM
        jne     .not_pm
        call    set_up_pm
        jmp     .next
.not_pm:
        push    eax
        call    place_bars
        call    set_interrupt_line
        pop     eax
        cmp     eax, PIIX_IDE
        jne     .not_ide
        mov     di, 40h                 ; IDETIM: both channels answer
        mov     eax, 80008000h
        call    pci_write
.not_ide:
        cmp     eax, QEMU_VGA
        jne     .next
        mov     di, PCI_BARS
        call    pci_read
        and     al, 0f0h
        mov     [ebda_vbe_lfb], eax
        jmp     .next
.done:  pop     ds
        ret

; Interrupt requests of PIRQA# to PIRQD#.
pirq_irqs:      db      10, 10, 11, 11

; 82371SB: PIRQRC, and the two requests are level-triggered (ports 4d0h and 4d1h), as is the SCI.
set_up_routing:
        mov     di, 60h
.next:  cs mov  al, [pirq_irqs + di - 60h]
        call    pci_write_byte
        inc     di
        cmp     di, 64h
        jne     .next
        xor     al, al
        mov     dx, 4d0h
        out     dx, al
        mov     al, 0eh
        inc     dx
        out     dx, al
        ret

; 82371AB: the ports of power management and of the SMBus, and its interrupt.
set_up_pm:
        mov     di, 40h
        mov     eax, PM_BASE | 1
        call    pci_write
        mov     di, 80h
        mov     al, 1
        call    pci_write_byte
        mov     di, 90h
        mov     eax, SMBUS_BASE | 1
        call    pci_write
        mov     di, 0d2h
        mov     al, 9
        call    pci_write_byte
        mov     di, PCI_LINE
        mov     al, SCI_IRQ
        call    pci_write_byte
        mov     di, PCI_COMMAND
        mov     ax, 1
        jmp     pci_write_word

; The pin of each slot is wired one line further on: slot + pin - 1, modulo 4.
set_interrupt_line:
        mov     di, PCI_PIN
        call    pci_read_byte
        test    al, al
        jz      .none
        mov     ah, bl
        shr     ah, 3
        add     al, ah
        sub     al, 2
        and     ax, 3
        mov     di, ax
        cs mov  al, [pirq_irqs + di]
        mov     di, PCI_LINE
        call    pci_write_byte
.none:  ret

; Gives each base address of BX a place, aligned to its size, and turns the function on. DS is the EBDA.
place_bars:
        mov     di, PCI_HEADER
        call    pci_read_byte
        test    al, 7fh
        jnz     .done                   ; a bridge
        mov     di, PCI_BARS
.next:  mov     eax, 0ffffffffh
        call    pci_write
        call    pci_read
        test    eax, eax
        jz      .skip
        mov     ecx, eax
        test    al, 1
        jnz     .ports
        and     al, 0f0h
        mov     si, ebda_pci_memory
        call    take_addresses
        call    pci_write
        and     cl, 6
        cmp     cl, 4
        jne     .skip
        add     di, 4                   ; 64 bits: the upper half
        xor     eax, eax
        call    pci_write
        jmp     .skip
.ports: and     al, 0fch
        or      eax, 0ffff0000h
        mov     si, ebda_pci_io
        call    take_addresses
        call    pci_write
.skip:  add     di, 4
        cmp     di, PCI_BARS_END
        jb      .next
        mov     di, PCI_COMMAND
        mov     ax, COMMAND_ALL
        call    pci_write_word
.done:  ret

; EAX: the bits of a base address that can be written; EAX: a place for it from what [SI] says is free.
take_addresses:
        push    edx
        mov     edx, eax
        neg     eax                     ; the size
        push    eax
        dec     eax
        add     eax, [si]
        and     eax, edx
        pop     edx
        add     edx, eax
        mov     [si], edx
        pop     edx
        ret
