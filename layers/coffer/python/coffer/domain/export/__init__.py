"""Deliver the files of a request as one zip, built inside the store as far as possible.

The order of events, and the module that is responsible:

    create           check the request, save the record and the manifest, enqueue the export
    resolve_sources  find the files behind the identifiers and choose their paths in the archive
    build            build the archive, or resume it after an interrupted run
    lease            let one worker at a time build an export
    verify_sources   ask the store for sizes, ETags and checksums of the files
    layout           choose which files are streamed and which are copied, and the part sizes
    stream_members   write small and compressible files into parts, in memory
    transform_member resize or convert an image on its way into the archive
    copy_members     copy large files into parts, inside S3
    multipart_writer send parts, save checkpoints, complete the multipart upload
    access_keys      issue and redeem the keys that open an archive
    cleanup          remove expired archives and temporary objects

`zip_format` is the format that these modules write.
"""
