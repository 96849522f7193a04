"""The programs that make up a robot on one machine: started in order, kept running, ended together."""
