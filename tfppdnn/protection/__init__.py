"""The scheme: preliminary protection and the transformation network (Section III)."""
