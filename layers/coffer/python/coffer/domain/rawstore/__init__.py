"""BitStore's API: signed uploads of a data package, straight into the store.

permits    who the permission token says is asking, and what that allows
packages   the request to sign a package's uploads, read and checked whole
texts      which texts of a request can be used
digests    the spellings of an MD5
keys       where a file of a package is kept: the path pattern
uploads    the use case: sign the uploads, say which files are in the store already
stored     what the store says of what it has
quotas     how much an owner may keep, and whether a push still fits
usage      the use case: keep account of what S3 says was created and deleted
addresses  which key an address means
presigning the use case: sign the download of a file
prefixes   where a user's files can be

The contract is the reference's (datopian/bitstore at 9eac273, and its clients); what differs on
purpose says so where it does.
"""
