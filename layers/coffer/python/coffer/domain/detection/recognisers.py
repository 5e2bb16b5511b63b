"""Which recogniser is asked in which tier.

The tiers are those of `tables/signatures.py`: Apache Tika 3.2.3's priorities.
"""

from __future__ import annotations

from collections.abc import Callable

from coffer.domain.detection.families import (
    audio,
    data,
    executables,
    images,
    iso_bmff,
    mail,
    matroska,
    text,
)

Recogniser = Callable[[bytes], str | None]

RECOGNISERS: dict[int, tuple[Recogniser, ...]] = {
    90: (images.tga,),
    80: (data.owner_file,),
    70: (mail.mbox,),
    60: (
        executables.fat_mach_o,
        executables.pe_for_machine,
        iso_bmff.by_brand,
        audio.adts_after_id3,
        audio.windows_video,
        text.html_tag_first,
        mail.saved_page,
        data.berkeley_db_versioned,
        data.postscript_illustrator,
    ),
    55: (executables.thin_mach_o, executables.pe, text.robots),
    50: (
        executables.elf,
        executables.any_mach_o,
        iso_bmff.quicktime,
        audio.mpeg,
        audio.ac3,
        audio.portable_sound,
        audio.windows_audio,
        images.bmp,
        images.netpbm,
        images.cgm,
        images.dwg,
        images.dgn,
        images.dxf,
        mail.certain,
        text.bibtex,
        text.batch,
        text.graphviz,
        data.marc,
        data.flow_cytometry,
        data.berkeley_db,
        data.sereal,
        data.heap_dump,
        data.signed_data,
        data.certificate,
        data.fat_image,
        data.amiga_disk,
        data.touhou,
    ),
    45: (mail.likely,),
    40: (matroska.webm, mail.possible, text.matlab_function, data.dbf, data.key),
    30: (audio.adts, text.bibtex_after_comment),
    20: (audio.sun_audio,),
    10: (data.miniseed,),
}
