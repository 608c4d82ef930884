"""From a row of somebody's table to a report."""
