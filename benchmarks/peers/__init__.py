"""What the comparisons hold tfppdnn against: the same networks, and what users would write."""
