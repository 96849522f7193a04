"""What this machine lacks for a robot, a server or a simulation: one check a file, on a tree that tests can make up."""
