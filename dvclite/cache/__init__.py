"""The local content-addressed store, perhaps shared by repositories and users.

files/<algorithm>/ab/cdef…   loose blobs
tmp/                         files on their way, in one folder a process
leases/                      what running commands rely on
trash/<date>/…               garbage, until its grace period is over
damaged/                     blobs whose bytes did not match their names
projects/                    which repositories use a shared cache
"""
