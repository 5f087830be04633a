"""The nouns of Trackrecord: ids, values and errors.

This package imports nothing of ours and only the standard library, so that every
other package, the training process included, can use the same words at no cost.
"""
