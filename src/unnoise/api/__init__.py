"""What the package does, in Python: each function wires rooms together.

The public ones are named in ``unnoise``; the others serve the command line and the server, which
know no other room but this one (and the readers of files). Callers import from the file that they
need, because some need no torch and should not wait for it.
"""
