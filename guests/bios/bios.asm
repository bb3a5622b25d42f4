; A BIOS for a PC with a 440FX and a PIIX: what the machine needs between power-on and an operating system, and the services that
; boot sectors, GRUB, ISOLINUX and Linux ask for. 64 KiB, which end at 4 GiB and at 1 MiB. See README.md.

        cpu     686
        bits    16
        org     0

%include "layout.inc"

; ---- setting up
%include "post.asm"
%include "chips.asm"
%include "apic.asm"
%include "vectors.asm"
%include "flat.asm"
%include "fwcfg.asm"
%include "pci.asm"
%include "acpi.asm"
%include "smbios.asm"
%include "boot.asm"
%include "eltorito.asm"

; ---- services
%include "service.asm"
%include "video.asm"
%include "video-mode.asm"
%include "video-text.asm"
%include "scroll.asm"
%include "video-graphics.asm"
%include "video-palette.asm"
%include "vbe.asm"
%include "serial-console.asm"
%include "disk.asm"
%include "disk-extended.asm"
%include "ata.asm"
%include "atapi.asm"
%include "virtio.asm"
%include "floppy.asm"
%include "serial.asm"
%include "system.asm"
%include "memory.asm"
%include "keyboard.asm"
%include "keys.asm"
%include "clock.asm"
%include "pci-bios.asm"

; ---- data
%include "video-tables.asm"
font_8x16:      incbin "font-8x16.bin"
font_8x14:      incbin "font-8x14.bin"
font_8x8:       incbin "font-8x8.bin"

; Tables that an operating system looks for below 1 MiB are put here.
TABLE_AREA      equ 0c000h
TABLE_AREA_END  equ 0e000h
        at_offset TABLE_AREA

; ---- Addresses that programs have known since the PC.
        at_offset 0e05bh
        jmp     power_on
        at_offset 0fa6eh
font_8x8_lower: incbin "font-8x8.bin", 0, 1024
        at_offset 0ff53h
only_return:
        iret
        at_offset 0fff0h
        jmp     BIOS_SEG:power_on
        at_offset 0fff5h
        db      "11/21/26", 0
        db      0fch                    ; model: AT
        db      0
