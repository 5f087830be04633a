"""Whether everything in a store is whole, and mending what is derived."""
