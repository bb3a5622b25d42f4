; SMBIOS structures, which the board's fw_cfg has ready but for their address (SMBIOS 2.8, §5.2.1).

SMBIOS_SUM      equ 04h                 ; of the entry point, whose length follows
SMBIOS_LENGTH   equ 05h
SMBIOS_DMI      equ 10h                 ; the part for older software, 15 bytes, with a sum of its own
SMBIOS_DMI_SUM  equ 15h
SMBIOS_ADDRESS  equ 18h
SMBIOS_MAX      equ 1fh

anchor_name:    db      "etc/smbios/smbios-anchor", 0
structures_name: db     "etc/smbios/smbios-tables", 0

place_smbios:
        pushad
        push    ds
        push    cs
        pop     ds
        mov     si, structures_name
        call    fwcfg_find
        jc      .none
        push    0
        pop     ds
        call    take_table_area
        jc      .none
        push    edi
        call    fwcfg_read
        push    cs
        pop     ds
        mov     si, anchor_name
        call    fwcfg_find
        pop     ebx                     ; the structures' address
        push    0
        pop     ds
        jc      .none
        cmp     ecx, SMBIOS_MAX
        jne     .none
        call    take_table_area
        jc      .none
        mov     esi, edi
        call    fwcfg_read
        mov     [esi + SMBIOS_ADDRESS], ebx
        mov     byte [esi + SMBIOS_DMI_SUM], 0
        lea     edx, [esi + SMBIOS_DMI]
        mov     ecx, SMBIOS_MAX - SMBIOS_DMI
        call    sum_bytes
        sub     [esi + SMBIOS_DMI_SUM], al
        mov     byte [esi + SMBIOS_SUM], 0
        mov     edx, esi
        movzx   ecx, byte [esi + SMBIOS_LENGTH]
        call    sum_bytes
        sub     [esi + SMBIOS_SUM], al
.none:  pop     ds
        popad
        ret
