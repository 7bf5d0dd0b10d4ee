"""Says what protected images leak, and to whom."""
