"""What calibrations give: plain data that robots, recorders and commands share."""
