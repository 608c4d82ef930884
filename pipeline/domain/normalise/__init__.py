"""Any bytes at all become facts that can be compared, or the reason why not."""
