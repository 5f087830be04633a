"""Changes after the fact: rename, tag, note, group, archive, trash, move, purge, undo.

Every change is a record in a journal, like all else; nothing here writes rows. ``record_edits`` hands the records to
the store's inbox and has them taken in, so that whoever asked sees them at once.
"""
