"""Pictures as files and as arrays: read, written, resized, laid out."""
