"""BitStore's API: sign the uploads and downloads of datasets, straight to and from the store.

    permissions  what a permission token allows
    datasets     the request to sign the uploads of a dataset, parsed and checked
    validation   which texts of a request are usable
    keys         the path pattern: the key of a file in the store
    uploads      sign uploads, and say which files the store has already
    objects      what the store says about its objects
    quotas       the storage limits of an owner
    usage        record what S3 events say was created and deleted
    addresses    the URLs of objects: which key a URL means, and the prefixes of a user's URLs
    downloads    sign the download of a file

The contract is the reference's (datopian/bitstore at 9eac273, and its clients). Deliberate
differences are described where they occur.
"""
