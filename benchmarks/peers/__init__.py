"""The same networks in other packages, with our weights."""
