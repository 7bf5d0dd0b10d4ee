"""How anything is trained here: batches in, checkpoints and logs out."""
