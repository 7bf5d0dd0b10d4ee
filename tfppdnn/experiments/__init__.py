"""What makes published results: tables, frontiers, and the protectors that ship."""
