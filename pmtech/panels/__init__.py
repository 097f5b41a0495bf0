"""What a learner touches: the what-if panel, the comparison, the progress of long work."""
